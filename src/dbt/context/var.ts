/** `var(...)` and `var.has_var(...)`. */

import { nearestNames } from '../../errors.ts';
import {
  type Args,
  fromJs,
  hostFunction,
  type Kwargs,
  PyError,
  PyObject,
  readArguments,
  str,
  type Value,
} from '../../jinja/index.ts';
import type { Dict } from '../manifest-types.ts';

export interface VarLookup {
  readonly has: (name: string) => boolean;
  readonly get: (name: string) => unknown;
  readonly all: () => Dict;
}

export interface VarOptions {
  /** Who asks, for messages. */
  readonly asker: () => string;
  /** Values that are text with expressions; command line files only. */
  readonly render?: (text: string) => Value;
  /** While nodes are parsed a var that is not set is None: it may be set when they run. */
  readonly isParsing?: boolean;
}

const notGiven = Symbol('not given') as unknown as Value;

export class VarFunction extends PyObject {
  readonly typeName = 'Var';
  readonly #vars: VarLookup;
  readonly #options: VarOptions;

  constructor(vars: VarLookup, options: VarOptions) {
    super();
    this.#vars = vars;
    this.#options = options;
  }

  /** The same vars, of which none needs to be set yet. */
  whileParsing(): VarFunction {
    return new VarFunction(this.#vars, { ...this.#options, isParsing: true });
  }

  override attr(name: string): Value | undefined {
    if (name === 'has_var') return hostFunction(name, ([key = null]) => this.#vars.has(str(key)));
    return undefined;
  }

  override truth(): boolean {
    return true;
  }

  override call(args: Args, kwargs: Kwargs): Value {
    const [first] = args;
    if (args.length === 1 && kwargs.size === 0 && typeof first === 'string' && this.#vars.has(first))
      return this.#value(this.#vars.get(first));
    const given = readArguments('var', ['var_name', 'default'], args, kwargs, { default: notGiven });
    const name = str(given.var_name);
    if (this.#vars.has(name)) return this.#value(this.#vars.get(name));
    if (given.default !== notGiven) return given.default;
    if (this.#options.isParsing === true) return null;
    const known = Object.keys(this.#vars.all());
    throw new PyError(
      'CompilationError',
      `var '${name}', which ${this.#options.asker()} needs, is not set; set are: ${known.join(', ') || 'none'}`,
      {
        context: { name, candidates: nearestNames(name, known) },
      },
    );
  }

  #value(value: unknown): Value {
    return typeof value === 'string' && this.#options.render !== undefined
      ? this.#options.render(value)
      : fromJs(value);
  }
}
