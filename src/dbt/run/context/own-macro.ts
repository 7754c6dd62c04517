/** Macros of the project that stand for what the adapter does itself. */
import type { Value } from '../../../jinja/index.ts';
import type { MacroNode } from '../../manifest-types.ts';
import { isBuiltIn } from '../../parse/macros.ts';
import type { ParsedProject } from '../../project-types.ts';
import type { MacroNames } from './macros.ts';

const found = new WeakMap<ParsedProject, Map<string, MacroNode | undefined>>();

/** As `findOwn`, which is asked for each relation that is made or dropped. */
function ownMacro(parsed: ParsedProject, name: string): MacroNode | undefined {
  const known = found.get(parsed) ?? new Map<string, MacroNode | undefined>();
  found.set(parsed, known);
  if (!known.has(name)) known.set(name, findOwn(parsed, name));
  return known.get(name);
}

/** The root's macro of the name, a package's, or one that the built-in macro would dispatch to. */
function findOwn({ macros, project }: ParsedProject, name: string): MacroNode | undefined {
  const owners = [project.name, ...macros.packages.filter((one) => one !== project.name && !isBuiltIn(one))];
  const named = owners.map((owner) => macros.find(owner, name)).find((macro) => macro !== undefined);
  const chosen = named ?? macros.dispatched(name, 'dbt', project.name);
  return chosen === undefined || isBuiltIn(chosen.package_name) ? undefined : chosen;
}

type Overridden = (name: string, given: Readonly<Record<string, Value>>) => Promise<Value | undefined>;

/** Calls the macro that stands for a method; undefined when there is none, and while it runs, as it may ask for ours. */
export function overriddenBy(parsed: ParsedProject, macros: MacroNames): Overridden {
  const running = new Set<string>();
  return async (name, given) => {
    const macro = running.has(name) ? undefined : ownMacro(parsed, name);
    if (macro === undefined) return undefined;
    running.add(name);
    try {
      return await macros.run(macro, [], new Map(Object.entries(given)));
    } finally {
      running.delete(name);
    }
  };
}
