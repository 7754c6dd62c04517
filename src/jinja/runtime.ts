import type { CompareOperator } from './ast.ts';
import { addFrame, PyError, positionIn, typeError, valueError } from './errors.ts';
import { callMethod, contains, maybeAttribute, maybeItem, slice } from './methods/attribute.ts';
import { Loop, Macro, type MacroShape, Namespace } from './objects.ts';
import { binary, unary } from './operations/arithmetic.ts';
import type { Filter, FilterRuntime, Test } from './runtime-types.ts';
import { isTurnDue, takeTurn } from './turns.ts';
import { orderOrFail } from './values/compare.ts';
import { PyDict } from './values/dict.ts';
import { PyFloat } from './values/float.ts';
import { equals } from './values/keys.ts';
import { type Args, type Kwargs, NO_KWARGS, PyObject, PyUndefined, typeName, type Value } from './values/object.ts';
import { escapeHtml, iterate, Markup } from './values/sequences.ts';
import { PySet } from './values/set.ts';
import { repr, str, truth } from './values/text.ts';
import { PyTuple } from './values/tuple.ts';

/** What `return(value)` throws: caught where a host bound the macro. */
export class MacroReturn {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

/** Text of a native template that no marker asked to evaluate. */
export class TextNode extends PyObject {
  readonly typeName = 'TextMarker';
  readonly text: string;
  constructor(text: string) {
    super();
    this.text = text;
  }
  override str(): string {
    return this.text;
  }
}

/** Where a template's errors say they are. */
export interface SourcePlace {
  readonly source: string;
  readonly path: string;
  readonly name: string;
  /** Of the file, where the source begins. */
  readonly line?: number | undefined;
}

export interface RuntimeOptions {
  readonly chainUndefined: boolean;
  readonly native: boolean;
  readonly filters: ReadonlyMap<string, Filter>;
  readonly tests: ReadonlyMap<string, Test>;
}

const objectName = (value: Value): string => (value === null ? 'None' : `${typeName(value)} object`);

/** What generated code calls, bound to one environment; `p=` arguments only note the place for errors. */
export class Runtime implements FilterRuntime {
  readonly none: Kwargs = NO_KWARGS;
  readonly native: boolean;
  readonly filters: ReadonlyMap<string, Filter>;
  readonly tests: ReadonlyMap<string, Test>;
  readonly #chain: boolean;
  readonly str = str;
  readonly truth = truth;
  readonly unary = unary;
  readonly binary = binary;
  readonly slice = (value: Value, start: Value, stop: Value, step: Value): Value =>
    value instanceof PyUndefined ? value.item() : slice(value, start, stop, step);

  constructor({ chainUndefined, native, filters, tests }: RuntimeOptions) {
    this.#chain = chainUndefined;
    this.native = native;
    this.filters = filters;
    this.tests = tests;
  }

  undefinedValue(name: Value, message: string): PyUndefined {
    return new PyUndefined({
      name,
      message: this.#chain ? `'${str(name)}' is undefined` : message,
      chain: this.#chain,
    });
  }
  undefinedName(name: string): PyUndefined {
    return this.undefinedValue(name, `'${name}' is undefined`);
  }
  noElse(): PyUndefined {
    return this.undefinedValue(null, 'the inline if-expression evaluated to false and no else section was defined.');
  }
  missing(name: string): PyUndefined {
    return this.undefinedValue(name, `parameter '${name}' was not provided`);
  }
  noLoader(): never {
    throw typeError('no loader for this environment specified');
  }

  /** Jinja's `value.name`: an attribute, else an item. */
  attr(value: Value, name: string): Value {
    // None is found too, and is no reason to look on.
    let found = maybeAttribute(value, name);
    if (found === undefined) found = maybeItem(value, name);
    return found === undefined ? this.#absent(value, name) : found;
  }
  #absent(value: Value, name: Value): Value {
    if (typeof name === 'string' && name.startsWith('__') && name.endsWith('__'))
      return new PyUndefined({
        name,
        message: `access to attribute '${name}' of '${typeName(value)}' object is unsafe.`,
        chain: this.#chain,
        errorClass: 'SecurityError',
      });
    const what = typeof name === 'string' ? `has no attribute '${name}'` : `has no element ${repr(name)}`;
    return this.undefinedValue(
      name,
      `${value === null ? "'None'" : what.startsWith('has no a') ? `'${objectName(value)}'` : objectName(value)} ${what}`,
    );
  }

  /** Jinja's `value[key]`: an item, else the attribute of that name. */
  item(value: Value, key: Value): Value {
    const found = isHashable(key) || !(value instanceof PyDict) ? maybeItem(value, key) : undefined;
    if (found !== undefined) return found;
    const attribute = typeof key === 'string' ? maybeAttribute(value, key) : undefined;
    return attribute === undefined ? this.#absent(value, key) : attribute;
  }

  call(callee: Value, args: Args, kwargs: Kwargs): Value | Promise<Value> {
    if (callee instanceof PyObject) return callee.call(args, kwargs);
    throw typeError(`'${typeName(callee)}' object is not callable`);
  }

  /** What a call block calls gives text: Jinja joins it with the rest as it is. */
  called(value: Value): Value {
    if (this.native || typeof value === 'string' || value instanceof Markup) return value;
    throw typeError(`a call block expected str instance, ${typeName(value)} found`);
  }

  method(value: Value, name: string, args: Args, kwargs: Kwargs): Value | Promise<Value> {
    if (!(value instanceof PyObject) || (value instanceof PyDict && value.attr(name) === undefined)) {
      const result = callMethod(value, name, args, kwargs);
      if (result !== undefined) return result;
    }
    return this.call(this.attr(value, name), args, kwargs);
  }

  kwargs(pairs: readonly (readonly [string, Value])[], spread?: Value): Kwargs {
    const kwargs = new Map(pairs);
    if (kwargs.size < pairs.length) throw new PyError('SyntaxError', 'keyword argument repeated');
    if (spread === undefined) return kwargs;
    if (!(spread instanceof PyDict)) throw typeError(`argument after ** must be a mapping, not ${typeName(spread)}`);
    for (const [key, value] of spread.entries()) {
      if (typeof key !== 'string') throw typeError('keywords must be strings');
      if (kwargs.has(key)) throw typeError(`got multiple values for keyword argument '${key}'`);
      kwargs.set(key, value);
    }
    return kwargs;
  }

  applyFilter(name: string, value: Value, args: Args, kwargs: Kwargs): Value {
    const filter = this.filters.get(name);
    if (!filter) throw new PyError('TemplateRuntimeError', `No filter named '${name}'.`);
    return filter(this, value, args, kwargs);
  }
  applyTest(name: string, value: Value, args: Args, kwargs: Kwargs): boolean {
    const test = this.tests.get(name);
    if (!test) throw new PyError('TemplateRuntimeError', `No test named '${name}'.`);
    return test(this, value, args, kwargs);
  }

  compare(operator: CompareOperator, a: Value, b: Value): boolean {
    switch (operator) {
      case '==':
        return equals(a, b);
      case '!=':
        return !equals(a, b);
      case 'in':
        return contains(b, a, equals);
      case 'not in':
        return !contains(b, a, equals);
      case '<':
        return orderOrFail(operator, a, b) < 0;
      case '<=':
        return orderOrFail(operator, a, b) <= 0;
      case '>':
        return orderOrFail(operator, a, b) > 0;
      case '>=':
        return orderOrFail(operator, a, b) >= 0;
    }
  }

  float(value: number): PyFloat {
    return new PyFloat(value);
  }
  tuple(items: Value[]): PyTuple {
    return new PyTuple(items);
  }
  dict(pairs: readonly (readonly [Value, Value])[]): PyDict {
    return new PyDict(pairs);
  }
  /** The items of anything iterable; a list is walked itself, so that it may grow meanwhile. */
  list(value: Value): Value[] {
    return Array.isArray(value) ? value : [...iterate(value)];
  }
  unpack(value: Value, count: number): readonly Value[] {
    const items = Array.isArray(value) ? value : unpackable(value);
    if (items.length < count) throw valueError(`not enough values to unpack (expected ${count}, got ${items.length})`);
    if (items.length > count) throw valueError(`too many values to unpack (expected ${count})`);
    return items;
  }

  readonly due = isTurnDue;
  readonly turn = takeTurn;
  loop(
    items: readonly Value[],
    depth: number,
    self: ((items: Value, depth: number) => Value | Promise<Value>) | null,
  ): Loop {
    return new Loop(items, depth, { self, makeUndefined: (name, message) => this.undefinedValue(name, message) });
  }
  macro(shape: MacroShape, body: (values: (Value | undefined)[]) => Value | Promise<Value>): Macro {
    return new Macro(shape, body, (name, message) => this.undefinedValue(name, message));
  }
  setAttribute(namespace: Value, name: string, value: Value): void {
    if (!(namespace instanceof Namespace))
      throw new PyError('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
    namespace.values.set(name, value);
  }

  text(text: string): TextNode {
    return new TextNode(text);
  }
  /** A constant of a native template: text, unless it is of a type that Python's repr does not give back. */
  folded(value: Value): Value {
    return hasSafeRepr(value) ? new TextNode(str(value)) : value;
  }
  escaped(value: Value, on: boolean): string {
    return on && !(value instanceof Markup) ? escapeHtml(str(value)) : str(value);
  }
  markup(text: string, on: boolean): Value {
    return on ? new Markup(text) : text;
  }
  concatEscaped(items: readonly Value[], on: boolean): Value {
    if (!on) return items.map(str).join('');
    return new Markup(items.map((item) => this.escaped(item, true)).join(''));
  }

  /** The error with the place it passed noted; what is no error (a returned value) passes as it is. */
  at(thrown: unknown, place: SourcePlace, offset: number, macro: string): unknown {
    if (thrown instanceof MacroReturn) return thrown;
    const error = asPythonError(thrown);
    const { line, column } = positionIn(place, offset);
    addFrame(error, { path: place.path, name: macro === '' ? place.name : macro, line, column });
    return error;
  }
}

const isHashable = (key: Value): boolean => !(Array.isArray(key) || key instanceof PyDict || key instanceof PySet);

function hasSafeRepr(value: Value): boolean {
  if (!(value instanceof PyObject)) return !Array.isArray(value) || value.every(hasSafeRepr);
  if (value instanceof PyTuple) return value.items.every(hasSafeRepr);
  if (value instanceof PyDict)
    return [...value.entries()].every(([key, item]) => hasSafeRepr(key) && hasSafeRepr(item));
  return value instanceof PyFloat || value instanceof Markup;
}

function unpackable(value: Value): readonly Value[] {
  const items = typeof value === 'string' || value instanceof PyObject ? [...iterate(value)] : undefined;
  if (items === undefined) throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
  return items;
}

/** JavaScript's own errors of running out of stack or length, as Python names them. */
export function asPythonError(thrown: unknown): object {
  if (thrown instanceof RangeError) {
    if (thrown.message.includes('call stack')) return new PyError('RecursionError', 'maximum recursion depth exceeded');
    return new PyError('MemoryError', thrown.message.toLowerCase());
  }
  return typeof thrown === 'object' && thrown !== null ? thrown : new PyError('Exception', String(thrown));
}
