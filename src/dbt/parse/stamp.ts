/** What every result of a parse stands on: with another stamp nothing of an earlier parse is used again. */
import { metadataEnv } from '../context/base-context.ts';
import { sha256 } from '../hash.ts';
import type { LoadedProjects } from '../project/load.ts';
import type { ParseFlags } from '../project-types.ts';
import type { PackageFiles } from './files.ts';

/** Projects as written and as rendered, profile, vars, and the content of all macros. */
export function projectStamp(
  { profile, projects, texts }: LoadedProjects,
  flags: ParseFlags,
  files: ReadonlyMap<string, PackageFiles>,
  token: (absolute: string) => string,
): string {
  const macros = [...files.values()].flatMap((found) =>
    [...found.macros, ...found.genericTests].map(({ original, absolute }) => [original, absolute, token(absolute)]),
  );
  const parts = {
    projects: [...projects.values()].map(({ root, name, rendered }) => [root, name, texts.get(name)?.text, rendered]),
    profile,
    vars: flags.vars,
    metadata: metadataEnv(flags.env),
    macros,
  };
  return sha256(JSON.stringify(parts, distinct));
}

/** Values that JSON would write alike stay apart: 1 and 1.0, a date and its text. */
function distinct(this: unknown, key: string, value: unknown): unknown {
  const own = (this as Record<string, unknown>)[key];
  if (typeof own === 'bigint' || typeof own === 'undefined') return { [typeof own]: String(own) };
  if (typeof own === 'number' && !Number.isFinite(own)) return { number: String(own) };
  if (typeof own !== 'object' || own === null || Array.isArray(own)) return value;
  const prototype: unknown = Object.getPrototypeOf(own);
  return prototype === Object.prototype ? value : { [own.constructor.name]: value };
}
