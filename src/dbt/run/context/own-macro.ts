/** Macros of the project that stand for what the adapter does itself. */
import type { PyObject, Value } from '../../../jinja/index.ts';
import type { MacroNode } from '../../manifest-types.ts';
import type { ParsedProject } from '../../project-types.ts';
import type { MacroNames } from './macros.ts';

const isBuiltIn = (name: string): boolean => name === 'dbt' || name === 'dbt_duckdb';

/** The root's macro of the name, a package's, or one that the built-in macro would dispatch to. */
function ownMacro({ macros, project }: ParsedProject, name: string): MacroNode | undefined {
  const owners = [project.name, ...macros.packages.filter((one) => one !== project.name && !isBuiltIn(one))];
  const named = owners.map((owner) => macros.find(owner, name)).find((macro) => macro !== undefined);
  const found = named ?? macros.dispatched(name, 'dbt', project.name);
  return found === undefined || isBuiltIn(found.package_name) ? undefined : found;
}

type Overridden = (name: string, kwargs: ReadonlyMap<string, Value>) => Promise<Value | undefined>;

/** Calls the macro that stands for a method; undefined when there is none, and while it runs, as it may ask for ours. */
export function overriddenBy(parsed: ParsedProject, macros: MacroNames): Overridden {
  const running = new Set<string>();
  return async (name, kwargs) => {
    const macro = running.has(name) ? undefined : ownMacro(parsed, name);
    if (macro === undefined) return undefined;
    running.add(name);
    try {
      return await (macros.bind(macro) as PyObject).call([], kwargs);
    } finally {
      running.delete(name);
    }
  };
}
