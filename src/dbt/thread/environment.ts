/** The environment of a client: what it sent, and the names of what it has not. */
import { DuckhouseError } from '../../errors.ts';
import type { ParsedProject } from '../project-types.ts';

export interface ClientEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** Names that were asked for and not sent. */
  readonly needed: ReadonlySet<string>;
  /** Adds what the project's texts name; throws when anything is needed. From then on asking for more is an error. */
  readonly check: (parsed: ParsedProject) => void;
}

export function clientEnvironment(sent: Readonly<Record<string, string>>, names: readonly string[]): ClientEnvironment {
  const known = new Set(names.filter((name) => !Object.hasOwn(sent, name)));
  const needed = new Set<string>();
  let isChecked = false;
  const isMissing = (name: string | symbol): boolean => {
    if (typeof name !== 'string' || !known.has(name)) return false;
    if (isChecked)
      throw new DuckhouseError(
        'InvalidArgument',
        `environment variable '${name}' is asked for by a computed name while the project runs, and was not sent to the server`,
        { context: { name }, hint: `write env_var('${name}') where it is used` },
      );
    needed.add(name);
    return true;
  };
  const env = new Proxy<Record<string, string>>(
    { ...sent },
    {
      get: (target, name) => (isMissing(name) ? '' : Reflect.get(target, name)),
      getOwnPropertyDescriptor: (target, name) =>
        isMissing(name)
          ? { value: '', configurable: true, enumerable: true, writable: true }
          : Reflect.getOwnPropertyDescriptor(target, name),
    },
  );
  return {
    env,
    needed,
    check(parsed) {
      for (const name of namesIn(parsed)) if (known.has(name)) needed.add(name);
      if (needed.size > 0)
        throw new DuckhouseError(
          'InvalidArgument',
          `the project needs variables of the environment: ${[...needed].join(', ')}`,
        );
      isChecked = true;
    },
  };
}

const call = /\benv_var\s*\(\s*(?:var\s*=\s*)?['"](\w+)['"]/g;

/** Variables that are named in texts which are rendered when the project runs. */
function* namesIn({ manifest, project }: ParsedProject): Generator<string> {
  const texts = function* (): Generator<string> {
    for (const id in manifest.nodes) yield manifest.nodes[id]?.raw_code ?? '';
    for (const id in manifest.macros) yield manifest.macros[id]?.macro_sql ?? '';
    yield JSON.stringify(project.raw);
  };
  for (const text of texts()) {
    if (!text.includes('env_var')) continue;
    for (const [, name = ''] of text.replaceAll('\\"', '"').matchAll(call)) yield name;
  }
}
