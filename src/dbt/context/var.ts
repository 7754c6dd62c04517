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
  /** What a value with expressions in it gives, where it is asked for; without this it is the text as written. */
  readonly render?: (text: string) => Value | Promise<Value>;
  /** While nodes are parsed a var that is not set is None: it may be set when they run. */
  readonly isParsing?: boolean;
}

const marks = /[{][{%#]|[#}%][}]/;
export const mayHaveExpressions = (text: string): boolean => marks.test(text);

/** Vars may refer to others so many times over. */
const deepestVar = 50;
const notGiven = Symbol('not given') as unknown as Value;

export class VarFunction extends PyObject {
  readonly typeName = 'Var';
  readonly #vars: VarLookup;
  readonly #options: VarOptions;
  #depth = 0;

  constructor(vars: VarLookup, options: VarOptions) {
    super();
    this.#vars = vars;
    this.#options = options;
  }

  /** The same vars for texts of another kind. */
  with(options: Pick<VarOptions, 'render' | 'isParsing'>): VarFunction {
    return new VarFunction(this.#vars, { asker: this.#options.asker, ...options });
  }

  override attr(name: string): Value | undefined {
    if (name === 'has_var') return hostFunction(name, ([key = null]) => this.#vars.has(str(key)));
    return undefined;
  }

  override truth(): boolean {
    return true;
  }

  override call(args: Args, kwargs: Kwargs): Value | Promise<Value> {
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

  #value(value: unknown): Value | Promise<Value> {
    const { render } = this.#options;
    if (typeof value !== 'string' || render === undefined || !mayHaveExpressions(value)) return fromJs(value);
    if (this.#depth >= deepestVar)
      throw new PyError('CompilationError', `vars refer to one another in a circle: ${value}`);
    this.#depth++;
    return settle(
      () => render(value),
      () => void this.#depth--,
    );
  }
}

/** Does the last step when the work is done, at once or later. */
function settle<T>(work: () => T | Promise<T>, last: () => void): T | Promise<T> {
  let result: T | Promise<T>;
  try {
    result = work();
  } catch (error) {
    last();
    throw error;
  }
  if (result instanceof Promise) return result.finally(last);
  last();
  return result;
}
