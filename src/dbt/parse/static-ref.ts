/** `ref(...)` and `source(...)` written as literal text in YAML. */
import { extractStatic } from '../../jinja/index.ts';
import type { RefArgs } from '../manifest-types.ts';

export interface StaticReference {
  readonly ref?: RefArgs;
  readonly source?: string[];
}

/** The reference that `text` is, or undefined when it is none. */
export function staticReference(text: string): StaticReference | undefined {
  const found = extractStatic(`{{ ${text} }}`, { path: 'reference' });
  if (found === undefined) return undefined;
  const [ref] = found.refs;
  if (ref !== undefined) return { ref: refArgs(ref) };
  const [source] = found.sources;
  return source === undefined ? undefined : { source: [...source] };
}

export const refArgs = (ref: {
  readonly name: string;
  readonly package?: string | null | undefined;
  readonly version?: unknown;
}): RefArgs => ({
  name: ref.name,
  package: ref.package ?? null,
  version: (ref.version as string | number | null | undefined) ?? null,
});
