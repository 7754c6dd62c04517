import { PyError, typeError } from './errors.ts';
import { readArguments } from './operations/arguments.ts';
import { PyDict, pairsOf } from './values/dict.ts';
import { sameItems } from './values/keys.ts';
import { type Args, type Kwargs, PyFunction, PyObject, type PyUndefined, type Value } from './values/object.ts';
import { iterate } from './values/sequences.ts';
import { repr } from './values/text.ts';
import { PyTuple } from './values/tuple.ts';

type MakeUndefined = (name: string, message: string) => PyUndefined;

/** The `loop` variable. */
export class Loop extends PyObject {
  readonly typeName = 'LoopContext';
  position = 0;
  readonly #items: readonly Value[];
  readonly #depth: number;
  readonly #self: ((items: Value, depth: number) => Value | Promise<Value>) | null;
  readonly #undefined: MakeUndefined;
  #changed: readonly Value[] | undefined;

  constructor(
    items: readonly Value[],
    depth: number,
    options: { self: ((items: Value, depth: number) => Value | Promise<Value>) | null; makeUndefined: MakeUndefined },
  ) {
    super();
    this.#items = items;
    this.#depth = depth;
    this.#self = options.self;
    this.#undefined = options.makeUndefined;
  }

  override attr(name: string): Value | undefined {
    const { position } = this;
    const { length } = this.#items;
    switch (name) {
      case 'index':
        return position + 1;
      case 'index0':
        return position;
      case 'revindex':
        return length - position;
      case 'revindex0':
        return length - position - 1;
      case 'first':
        return position === 0;
      case 'last':
        return position === length - 1;
      case 'length':
        return length;
      case 'depth':
        return this.#depth + 1;
      case 'depth0':
        return this.#depth;
      case 'previtem':
        return position > 0 ? (this.#items[position - 1] as Value) : this.#undefined(name, 'there is no previous item');
      case 'nextitem':
        return this.#items[position + 1] ?? this.#noNext(name);
      case 'cycle':
        return new PyFunction(name, (args) => this.#cycle(args));
      case 'changed':
        return new PyFunction(name, (args) => this.#hasChanged(args));
    }
    return undefined;
  }
  #noNext(name: string): Value {
    return this.position + 1 < this.#items.length ? null : this.#undefined(name, 'there is no next item');
  }
  #cycle(args: Args): Value {
    if (args.length === 0) throw typeError('no items for cycling given');
    return args[this.position % args.length] as Value;
  }
  #hasChanged(args: Args): boolean {
    const same = this.#changed !== undefined && sameItems(this.#changed, args);
    this.#changed = args;
    return !same;
  }
  override length(): number {
    return this.#items.length;
  }
  override truth(): boolean {
    return true;
  }
  override call(args: Args): Value | Promise<Value> {
    if (!this.#self) throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    return this.#self(args[0] as Value, this.#depth + 1);
  }
  override repr(): string {
    return `<LoopContext ${this.position + 1}/${this.#items.length}>`;
  }
}

/** `namespace(...)`: attributes a template may set from any scope. */
export class Namespace extends PyObject {
  readonly typeName = 'Namespace';
  readonly values: PyDict;

  constructor(args: Args, kwargs: Kwargs) {
    super();
    this.values = makeDict(args, kwargs);
  }
  override attr(name: string): Value | undefined {
    return this.values.get(name);
  }
  override repr(): string {
    return `<Namespace ${this.values.repr()}>`;
  }
}

export interface MacroShape {
  readonly name: string | null;
  readonly parameters: readonly string[];
  /** Which of caller, kwargs and varargs the body reads, in this order. */
  readonly special: readonly string[];
  readonly explicitCaller: boolean;
}

type MacroBody = (values: (Value | undefined)[]) => Value | Promise<Value>;

/** A macro or the body of a call block. */
export class Macro extends PyObject {
  readonly typeName = 'Macro';
  readonly #shape: MacroShape;
  readonly #body: MacroBody;
  readonly #undefined: MakeUndefined;

  constructor(shape: MacroShape, body: MacroBody, makeUndefined: MakeUndefined) {
    super();
    this.#shape = shape;
    this.#body = body;
    this.#undefined = makeUndefined;
  }

  override attr(name: string): Value | undefined {
    const { name: own, parameters, special } = this.#shape;
    if (name === 'name') return own;
    if (name === 'arguments') return [...parameters];
    if (name === 'catch_kwargs') return special.includes('kwargs');
    if (name === 'catch_varargs') return special.includes('varargs');
    return name === 'caller' ? special.includes('caller') || this.#shape.explicitCaller : undefined;
  }

  override call(args: Args, kwargs: Kwargs): Value | Promise<Value> {
    const { parameters, special } = this.#shape;
    const values: (Value | undefined)[] = args.slice(0, parameters.length);
    const rest = kwargs.size > 0 ? new Map(kwargs) : kwargs;
    for (let i = values.length; i < parameters.length; i++) values.push(take(rest, parameters[i] as string));
    for (const word of special) values.push(this.#special(word, args, rest));
    this.#checkRest(args, rest);
    return nested(() => this.#body(values));
  }

  #special(word: string, args: Args, rest: Kwargs): Value {
    if (word === 'caller') return take(rest, 'caller') ?? this.#undefined('caller', 'No caller defined');
    if (word === 'kwargs') return new PyDict(rest);
    const { parameters } = this.#shape;
    return new PyTuple(args.slice(parameters.length));
  }

  #checkRest(args: Args, rest: Kwargs): void {
    const { name, parameters, special } = this.#shape;
    const shown = name === null ? 'None' : repr(name);
    if (rest.size > 0 && !special.includes('kwargs')) {
      if (rest.has('caller'))
        throw typeError(
          `macro ${shown} was invoked with two values for the special caller argument. This is most likely a bug.`,
        );
      throw typeError(`macro ${shown} takes no keyword argument ${repr([...rest.keys()][0] as string)}`);
    }
    if (args.length > parameters.length && !special.includes('varargs'))
      throw typeError(`macro ${shown} takes not more than ${parameters.length} argument(s)`);
  }

  override repr(): string {
    const { name } = this.#shape;
    return name === null ? '<Macro anonymous>' : `<Macro ${repr(name)}>`;
  }
}

/** Python stops at a depth of a thousand frames, which are three or four a macro. */
const DEEPEST = 400;
let depth = 0;

function nested(run: () => Value | Promise<Value>): Value | Promise<Value> {
  if (depth >= DEEPEST) throw new PyError('RecursionError', 'maximum recursion depth exceeded');
  depth++;
  let pending = false;
  try {
    const result = run();
    if (!(result instanceof Promise)) return result;
    pending = true;
    return result.finally(() => depth--);
  } finally {
    if (!pending) depth--;
  }
}

function take(from: Kwargs, name: string): Value | undefined {
  const value = from.get(name);
  if (value !== undefined) (from as Map<string, Value>).delete(name);
  return value;
}

/** Python's `dict(x, **kwargs)`. */
export function makeDict(args: Args, kwargs: Kwargs): PyDict {
  if (args.length > 1) throw typeError(`dict expected at most 1 argument, got ${args.length}`);
  const dict = new PyDict(args[0] === undefined ? [] : pairsOf(args[0], iterate));
  for (const [key, value] of kwargs) dict.set(key, value);
  return dict;
}

/** `cycler(...)`: goes round its items. */
export class Cycler extends PyObject {
  readonly typeName = 'Cycler';
  readonly #items: Args;
  #position = 0;

  constructor(items: Args) {
    super();
    if (items.length === 0) throw typeError('at least one item has to be provided');
    this.#items = items;
  }
  get #current(): Value {
    return this.#items[this.#position] as Value;
  }
  override attr(name: string): Value | undefined {
    if (name === 'current') return this.#current;
    if (name === 'reset') return new PyFunction(name, () => this.#move(0, null));
    return name === 'next'
      ? new PyFunction(name, () => this.#move((this.#position + 1) % this.#items.length, this.#current))
      : undefined;
  }
  #move(position: number, answer: Value): Value {
    this.#position = position;
    return answer;
  }
}

/** `joiner(sep)`: nothing the first time, then the separator. */
export function makeJoiner(args: Args, kwargs: Kwargs): PyFunction {
  const { sep } = readArguments('__init__', ['sep'], args, kwargs, { sep: ', ' });
  let used = false;
  return new PyFunction('joiner', () => {
    if (used) return sep;
    used = true;
    return '';
  });
}
