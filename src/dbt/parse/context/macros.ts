/** Macros as templates of one package see them: local ones, the root's, other packages by name, built-in ones. */

import {
  bindMacro,
  type Context,
  compileTemplate,
  type Environment,
  type Template,
  type Value,
} from '../../../jinja/index.ts';
import { type MacroCalls, MacroObject } from '../../context/macro-object.ts';
import { PackageMacros } from '../../context/package-macro.ts';
import type { MacroNode } from '../../manifest-types.ts';
import { entryOf } from '../../plain.ts';
import type { MacroIndex } from '../../project-types.ts';
import { macroLabel } from '../macros.ts';

export const macroPrefix = 'dbt_macro__';

/** Compiled once per environment, whatever contexts bind it. */
export class MacroTemplates {
  readonly #environment: Environment;
  readonly #compiled = new Map<MacroNode, Template>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  of(macro: MacroNode): Template {
    let template = this.#compiled.get(macro);
    if (template === undefined) {
      template = compileTemplate(this.#environment, macro.macro_sql, macroLabel(macro));
      this.#compiled.set(macro, template);
    }
    return template;
  }
}

export interface MacroScope {
  readonly index: MacroIndex;
  readonly templates: MacroTemplates;
  readonly packageName: string;
  readonly rootName: string;
  readonly calls: MacroCalls;
  readonly context: () => Context;
}

export class MacroNames {
  readonly #scope: MacroScope;
  readonly #objects = new Map<MacroNode, MacroObject>();
  readonly #packages = new Map<string, PackageMacros>();

  constructor(scope: MacroScope) {
    this.#scope = scope;
  }

  get(name: string): Value | undefined {
    const { index, packageName, rootName } = this.#scope;
    const near = index.find(packageName, name) ?? (packageName === rootName ? undefined : index.find(rootName, name));
    if (near !== undefined) return this.object(near);
    const inPackage = this.#package(name);
    if (inPackage !== undefined) return inPackage;
    const builtIn = index.find('dbt', name);
    return builtIn === undefined ? undefined : this.object(builtIn);
  }

  /** Names of these macros and of their packages. */
  only(macros: readonly MacroNode[]): Map<string, Value> {
    const names = new Map<string, Value>(macros.map((macro) => [macro.name, this.object(macro)]));
    for (const owner of new Set(macros.map((macro) => macro.package_name))) {
      const own = new Map(macros.filter((macro) => macro.package_name === owner).map((macro) => [macro.name, macro]));
      names.set(
        owner,
        new PackageMacros(
          (name) => {
            const macro = own.get(name);
            return macro === undefined ? undefined : this.object(macro);
          },
          () => [...own.keys()],
        ),
      );
    }
    return names;
  }

  object(macro: MacroNode): MacroObject {
    const { templates, calls, context } = this.#scope;
    const bind = () => bindMacro(templates.of(macro), `${macroPrefix}${macro.name}`, context(), { async: false });
    return entryOf(this.#objects, macro, () => new MacroObject(macro, calls, bind));
  }

  /** As `adapter.dispatch` answers. */
  dispatch(name: string, namespace: string | null): MacroObject {
    return this.object(this.#scope.index.dispatch(name, namespace, this.#scope.packageName));
  }

  #package(name: string): PackageMacros | undefined {
    const { index } = this.#scope;
    if (!index.packages.includes(name)) return undefined;
    let found = this.#packages.get(name);
    if (found === undefined) {
      const find = (macro: string): Value | undefined => {
        const node = index.find(name, macro);
        return node === undefined ? undefined : this.object(node);
      };
      found = new PackageMacros(find, () => index.namesIn(name));
      this.#packages.set(name, found);
    }
    return found;
  }
}
