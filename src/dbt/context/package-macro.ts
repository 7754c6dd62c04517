import { type Args, isCallable, type Kwargs, PyObject, type Value } from '../../jinja/index.ts';

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
export const ofPackage = (found: Value | undefined): Value | undefined =>
  found !== undefined && isCallable(found) ? new PackageMacro(found) : found;
