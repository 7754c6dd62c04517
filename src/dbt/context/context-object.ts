import {
  type Args,
  type Context,
  hostFunction,
  type Kwargs,
  PyDict,
  PyObject,
  str,
  typeError,
  type Value,
} from '../../jinja/index.ts';

/** `context`: the names of the context themselves, as a mapping. What is put into it is known to all that is rendered after. */
export class ContextObject extends PyObject {
  readonly typeName = 'dict';
  readonly isMapping = true;
  readonly #names: Context;
  readonly #added: Map<string, Value>;

  /** `names` are to know what is in `added`. */
  constructor(names: Context, added: Map<string, Value>) {
    super();
    this.#names = names;
    this.#added = added;
  }
  override attr(name: string): Value | undefined {
    if (name === 'get')
      return hostFunction(name, ([key = null, fallback = null]) => {
        const found = this.item(key);
        return found === undefined ? fallback : found;
      });
    if (name === 'update') return hostFunction(name, (args, kwargs) => this.#update(args, kwargs));
    return this.#names.get(name);
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.#names.get(key) : undefined;
  }
  override contains(key: Value): boolean {
    return this.item(key) !== undefined;
  }
  override truth(): boolean {
    return true;
  }

  #update([entries = new PyDict()]: Args, kwargs: Kwargs): null {
    if (!(entries instanceof PyDict)) throw typeError('update() takes a dict');
    for (const [key, value] of [...entries.entries(), ...kwargs]) this.#added.set(str(key), value);
    return null;
  }
}
