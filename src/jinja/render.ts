import type { Environment } from './environment.ts';
import { PyError, typeError } from './errors.ts';
import { nativeValue } from './native.ts';
import { MacroReturn, type SourcePlace } from './runtime.ts';
import { asyncRun, type Exports, type Program, programOf, type Resolve, syncRun } from './template.ts';
import { isTurnDue, takeTurn } from './turns.ts';
import { type Args, type Kwargs, PyFunction, PyObject, type Value } from './values/object.ts';

/** Where a template finds its names; a Map is one. `undefined` means there is no such name. */
export interface Context {
  get(name: string): Value | undefined;
}

export interface Template {
  readonly environment: Environment;
  readonly program: Program;
  readonly place: SourcePlace;
}

/** What errors call the template: its file, and its name such as `model orders`. */
export interface TemplateLabel {
  readonly path: string;
  readonly name?: string;
  /** Of the file, where the source begins; 1 if not told. */
  readonly line?: number | undefined;
}

/** Parses a source, or finds it parsed; throws PyError TemplateSyntaxError with the place. */
export function compileTemplate(
  environment: Environment,
  source: string,
  { path, name = path, line }: TemplateLabel,
): Template {
  const program = programOf(environment, source, { path, name, line });
  return { environment, program, place: { source: program.source, path, name, line } };
}

function resolver({ runtime, globals }: Environment, context: Context): Resolve {
  return (name) => {
    const found = context.get(name);
    if (found !== undefined) return found;
    return globals.get(name) ?? runtime.undefinedName(name);
  };
}

const textOf = (result: string | Value[]): string =>
  typeof result === 'string' ? result : String(nativeValue(result));

function checkReturn(thrown: unknown): unknown {
  return thrown instanceof MacroReturn ? new PyError('MacroReturn', 'return() was called outside of a macro') : thrown;
}

/** The text of a template; every function it calls answers at once. */
export function renderText({ environment, program, place }: Template, context: Context): string {
  try {
    return textOf(syncRun(environment, program, place)(resolver(environment, context), place, {}));
  } catch (error) {
    throw checkReturn(error);
  }
}

/** The text of a template whose functions may answer with promises. */
export async function renderTextAsync({ environment, program, place }: Template, context: Context): Promise<string> {
  try {
    return textOf(await asyncRun(environment, program, place)(resolver(environment, context), place, {}));
  } catch (error) {
    throw checkReturn(error);
  }
}

/** The value of a template of a native environment, as dbt reads YAML values. */
export function renderNative({ environment, program, place }: Template, context: Context): Value {
  try {
    const nodes = syncRun(environment, program, place)(resolver(environment, context), place, {});
    return typeof nodes === 'string' ? nodes : nativeValue(nodes);
  } catch (error) {
    throw checkReturn(error);
  }
}

export interface MacroOptions {
  /** The macro's functions may answer with promises: calls of it answer with one. */
  readonly async: boolean;
}

/** A macro of a template in a context: `return(value)` ends it, and its errors carry its place. */
class BoundMacro extends PyObject {
  readonly typeName = 'MacroGenerator';
  readonly #template: Template;
  readonly #name: string;
  readonly #context: Context;
  readonly #async: boolean;
  #macro: PyObject | undefined;

  constructor(template: Template, name: string, options: { readonly context: Context; readonly async: boolean }) {
    super();
    this.#template = template;
    this.#name = name;
    this.#context = options.context;
    this.#async = options.async;
  }

  #found(exports: Exports): PyObject {
    const macro = exports[this.#name];
    if (!macro) throw new PyError('KeyError', `'${this.#name}'`);
    this.#macro = macro;
    return macro;
  }

  override call(args: Args, kwargs: Kwargs): Value | Promise<Value> {
    return this.#async ? this.#callAsync(args, kwargs) : this.#callSync(args, kwargs);
  }

  #callSync(args: Args, kwargs: Kwargs): Value {
    try {
      const { environment, program, place } = this.#template;
      const exports: Exports = {};
      if (!this.#macro) syncRun(environment, program, place)(resolver(environment, this.#context), place, exports);
      const result = (this.#macro ?? this.#found(exports)).call(args, kwargs);
      if (result instanceof Promise) throw typeError(`macro '${this.#name}' needs to be run asynchronously`);
      return result;
    } catch (thrown) {
      return crossed(thrown);
    }
  }

  async #callAsync(args: Args, kwargs: Kwargs): Promise<Value> {
    try {
      if (isTurnDue()) await takeTurn();
      const { environment, program, place } = this.#template;
      const exports: Exports = {};
      if (!this.#macro)
        await asyncRun(environment, program, place)(resolver(environment, this.#context), place, exports);
      return await (this.#macro ?? this.#found(exports)).call(args, kwargs);
    } catch (thrown) {
      return crossed(thrown);
    }
  }
}

const CAUGHT: ReadonlySet<string> = new Set(['TypeError', 'UndefinedError', 'TemplateRuntimeError', 'SecurityError']);

function crossed(thrown: unknown): Value {
  if (thrown instanceof MacroReturn) return thrown.value;
  if (thrown instanceof PyError && CAUGHT.has(thrown.pyClass)) thrown.crossedMacro = true;
  throw thrown;
}

/** A macro that a template defines at its top, bound to a context; `name` includes the environment's prefix. */
export const bindMacro = (template: Template, name: string, context: Context, { async }: MacroOptions): PyObject =>
  new BoundMacro(template, name, { context, async });

/** The `return` function: ends the macro it is called in with a value. */
export const returnFunction: PyFunction = new PyFunction('return', (args) => {
  throw new MacroReturn(args[0] ?? null);
});
