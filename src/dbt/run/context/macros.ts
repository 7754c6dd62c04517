import {
  type Args,
  bindMacro,
  type Context,
  compileTemplate,
  type Environment,
  hostFunction,
  type Kwargs,
  type PyObject,
  type Value,
} from '../../../jinja/index.ts';
import { type MacroCalls, MacroObject } from '../../context/macro-object.ts';
import { PackageMacros } from '../../context/package-macro.ts';
import type { MacroNode } from '../../manifest-types.ts';
import { macroLabel } from '../../parse/macros.ts';
import type { MacroIndex } from '../../project-types.ts';

export interface MacroNamesOptions {
  readonly environment: Environment;
  readonly macros: MacroIndex;
  /** Package of the node whose text is rendered: unqualified names are looked for there first. */
  readonly packageName: string;
  /** Names that are no macros: functions and values. */
  readonly names: ReadonlyMap<string, Value>;
  /** What was put into `context`: it goes before all else. */
  readonly added: ReadonlyMap<string, Value>;
  readonly calls: MacroCalls;
  /** Answers in the place of macros, and values in the place of other names, such as those of a unit test. */
  readonly replaced?: ReadonlyMap<string, Value>;
}

export interface MacroNames extends Context {
  /** Runs a macro that no template calls; only with `isOwn` is what it calls called by the node. */
  run(macro: MacroNode, args: Args, kwargs: Kwargs, isOwn?: boolean): Promise<Value>;
  dispatch(name: string, namespace: string | null): Value;
}

/** What a name means inside a node: a macro of its package, of the root or built in, a package, or one of `names`. */
export function macroNames(options: MacroNamesOptions): MacroNames {
  const { environment, macros, packageName, names, added, calls, replaced } = options;
  const bound = new Map<string, PyObject>();
  const packages = new Map<string, Value>();
  const bind = (macro: MacroNode): PyObject => {
    const known = bound.get(macro.unique_id);
    if (known !== undefined) return known;
    const template = (): PyObject =>
      bindMacro(
        compileTemplate(environment, macro.macro_sql, macroLabel(macro)),
        `${environment.macroPrefix}${macro.name}`,
        context,
        { async: true },
      );
    const answer = answerOf(macro);
    const value =
      answer === undefined ? new MacroObject(macro, calls, template) : hostFunction(macro.name, () => answer);
    bound.set(macro.unique_id, value);
    return value;
  };
  /** A name alone means the macro that it finds here, or a built-in one. */
  const answerOf = (macro: MacroNode): Value | undefined => {
    if (replaced === undefined) return undefined;
    const { name, package_name: owner } = macro;
    const isNear = owner === 'dbt' || macros.resolve(name, packageName) === macro;
    return (isNear ? replaced.get(name) : undefined) ?? replaced.get(`${owner}.${name}`);
  };
  const packageOf = (name: string): Value | undefined => {
    if (!macros.packages.includes(name)) return undefined;
    const find = (macro: string): Value | undefined => maybeBind(macros.find(name, macro));
    const known = packages.get(name) ?? new PackageMacros(find, () => macros.namesIn(name));
    packages.set(name, known);
    return known;
  };
  const maybeBind = (macro: MacroNode | undefined): Value | undefined =>
    macro === undefined ? undefined : bind(macro);
  const context: MacroNames = {
    get: (name) => {
      if (added.has(name)) return added.get(name);
      const macro = maybeBind(macros.resolve(name, packageName));
      if (macro !== undefined && macro !== null) return macro;
      if (replaced?.has(name) && names.has(name)) return replaced.get(name);
      // A name whose value is None is there.
      const found = names.get(name);
      return found === undefined ? packageOf(name) : found;
    },
    run: async (macro, args, kwargs, isOwn = false) => {
      const value = bind(macro);
      return isOwn && value instanceof MacroObject
        ? value.run(args, kwargs)
        : calls.below(() => value.call(args, kwargs));
    },
    dispatch: (name, namespace) => bind(macros.dispatch(name, namespace, packageName)),
  };
  return context;
}
