import {
  type Args,
  hostFunction,
  isCallable,
  type Kwargs,
  PyObject,
  PyTuple,
  str,
  type Value,
} from '../../jinja/index.ts';

/** A macro as its package gives it: another object each time, so that no two of them are equal. */
class PackageMacro extends PyObject {
  readonly typeName = 'MacroGenerator';
  readonly #macro: PyObject;

  constructor(macro: PyObject) {
    super();
    this.#macro = macro;
  }
  override attr(name: string): Value | undefined {
    return this.#macro.attr(name);
  }
  override truth(): boolean {
    return true;
  }
  override call(args: Args, kwargs: Kwargs): Value | Promise<Value> {
    return this.#macro.call(args, kwargs);
  }
}

/** What is no macro, such as the answer of an override, stays what it is. */
const ofPackage = (found: Value | undefined): Value | undefined =>
  found !== undefined && isCallable(found) ? new PackageMacro(found) : found;

/** The macros of one package, as a mapping: `package.macro`, `context['package'].get('macro')`. */
export class PackageMacros extends PyObject {
  readonly typeName = 'dict';
  readonly isMapping = true;
  readonly #find: (name: string) => Value | undefined;
  readonly #names: () => readonly string[];

  constructor(find: (name: string) => Value | undefined, names: () => readonly string[]) {
    super();
    this.#find = find;
    this.#names = names;
  }
  override attr(name: string): Value | undefined {
    switch (name) {
      case 'get':
        return hostFunction(name, ([key = null, fallback = null]) => this.item(str(key)) ?? fallback);
      case 'keys':
        return hostFunction(name, () => [...this.#names()]);
      case 'values':
        return hostFunction(name, () => this.#names().map((key) => this.item(key) ?? null));
      case 'items':
        return hostFunction(name, () => this.#names().map((key) => new PyTuple([key, this.item(key) ?? null])));
      default:
        return this.item(name);
    }
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? ofPackage(this.#find(key)) : undefined;
  }
  override contains(key: Value): boolean {
    return this.item(key) !== undefined;
  }
  override iterate(): Iterable<Value> {
    return this.#names();
  }
  override length(): number {
    return this.#names().length;
  }
  override truth(): boolean {
    return true;
  }
}
