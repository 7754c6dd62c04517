import { PyError, typeError, valueError } from '../errors.ts';
import { asIndex, checkCount, readArguments } from '../operations/arguments.ts';
import { checkLength, pushAll } from '../operations/limits.ts';
import { sortValues } from '../values/compare.ts';
import { keyError, PyDict, PyView, pairsOf } from '../values/dict.ts';
import { equals } from '../values/keys.ts';
import { type Args, type Kwargs, NO_KWARGS, PyObject, type Value } from '../values/object.ts';
import { iterate } from '../values/sequences.ts';
import { PySet } from '../values/set.ts';
import { repr, truth } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { type Method, methods } from './method.ts';

const clampIndex = (index: number, length: number): number =>
  index < 0 ? Math.max(0, index + length) : Math.min(index, length);

function position(items: readonly Value[], args: Args, type: 'list' | 'tuple'): number {
  const wanted = args[0] as Value;
  const start = args[1] === undefined ? 0 : clampIndex(asIndex(args[1]), items.length);
  const end = args[2] === undefined ? items.length : clampIndex(asIndex(args[2]), items.length);
  for (let i = start; i < end; i++) if (equals(items[i] as Value, wanted)) return i;
  throw valueError(type === 'list' ? `${repr(wanted)} is not in list` : 'tuple.index(x): x not in tuple');
}

const countOf = (items: readonly Value[], wanted: Value): number => items.filter((item) => equals(item, wanted)).length;

/** A method without a result. */
const action =
  <Self>(name: string, count: number, run: (self: Self, ...args: Value[]) => void): Method<Self> =>
  (self, args, kwargs) => {
    checkCount(name, args, kwargs, count);
    run(self, ...args);
    return null;
  };

function pop(self: Value[], args: Args, kwargs: Kwargs): Value {
  checkCount('pop', args, kwargs, 0, 1);
  if (self.length === 0) throw new PyError('IndexError', 'pop from empty list');
  const index = args[0] === undefined ? self.length - 1 : asIndex(args[0]);
  const at = index < 0 ? index + self.length : index;
  if (at < 0 || at >= self.length) throw new PyError('IndexError', 'pop index out of range');
  return self.splice(at, 1)[0] as Value;
}

function sort(self: Value[], args: Args, kwargs: Kwargs): Value {
  if (args.length > 0) throw typeError('sort() takes no positional arguments');
  const { key, reverse } = readArguments('sort', ['key', 'reverse'], args, kwargs, { key: null, reverse: false });
  const sorted = sortValues(self, (item) => keyOf(key, item), truth(reverse));
  for (const [at, item] of sorted.entries()) self[at] = item;
  return null;
}

function keyOf(key: Value, item: Value): Value {
  if (key === null) return item;
  const result = key instanceof PyObject ? key.call([item], NO_KWARGS) : undefined;
  if (result === undefined || result instanceof Promise) throw typeError('this key function cannot be used here');
  return result;
}

export const LIST_METHODS = methods<Value[]>({
  append: action('list.append', 1, (self: Value[], item) => pushAll(self, [item as Value])),
  extend: action('list.extend', 1, (self: Value[], items) => pushAll(self, iterate(items as Value))),
  insert: action('insert', 2, (self: Value[], index, item) => {
    checkLength(self.length + 1);
    self.splice(clampIndex(asIndex(index as Value), self.length), 0, item as Value);
  }),
  remove: action('list.remove', 1, (self: Value[], wanted) => {
    const at = self.findIndex((item) => equals(item, wanted as Value));
    if (at < 0) throw valueError('list.remove(x): x not in list');
    self.splice(at, 1);
  }),
  clear: action('list.clear', 0, (self: Value[]) => self.splice(0)),
  reverse: action('list.reverse', 0, (self: Value[]) => self.reverse()),
  pop,
  sort,
  copy: (self, args, kwargs) => {
    checkCount('list.copy', args, kwargs, 0);
    return [...self];
  },
  count: (self, args, kwargs) => {
    checkCount('list.count', args, kwargs, 1);
    return countOf(self, args[0] as Value);
  },
  index: (self, args, kwargs) => {
    checkCount('index', args, kwargs, 1, 3);
    return position(self, args, 'list');
  },
});

export const TUPLE_METHODS = methods<PyTuple>({
  count: (self, args, kwargs) => {
    checkCount('tuple.count', args, kwargs, 1);
    return countOf(self.items, args[0] as Value);
  },
  index: (self, args, kwargs) => {
    checkCount('index', args, kwargs, 1, 3);
    return position(self.items, args, 'tuple');
  },
});

function update(self: PyDict, args: Args, kwargs: Kwargs): Value {
  if (args.length > 1) throw typeError(`update expected at most 1 argument, got ${args.length}`);
  if (args[0] !== undefined) for (const [key, value] of pairsOf(args[0], iterate)) self.set(key, value);
  for (const [key, value] of kwargs) self.set(key, value);
  return null;
}

const view = (name: 'keys' | 'values' | 'items'): Method<PyDict> => {
  const type = `dict_${name}` as const;
  return (self, args, kwargs) => {
    checkCount(`dict.${name}`, args, kwargs, 0);
    return new PyView(type, self);
  };
};

export const DICT_METHODS = methods<PyDict>({
  keys: view('keys'),
  values: view('values'),
  items: view('items'),
  update,
  get: (self, args, kwargs) => {
    checkCount('dict.get', args, kwargs, 1, 2);
    const found = self.get(args[0] as Value);
    return found === undefined ? (args[1] ?? null) : found;
  },
  pop: (self, args, kwargs) => {
    checkCount('dict.pop', args, kwargs, 1, 2);
    const found = self.get(args[0] as Value);
    if (found === undefined && args[1] === undefined) throw keyError(args[0] as Value);
    self.delete(args[0] as Value);
    return found === undefined ? (args[1] as Value) : found;
  },
  popitem: (self, args, kwargs) => {
    checkCount('dict.popitem', args, kwargs, 0);
    const last = self.last();
    if (!last) throw new PyError('KeyError', "'popitem(): dictionary is empty'");
    self.delete(last[0]);
    return new PyTuple(last);
  },
  setdefault: (self, args, kwargs) => {
    checkCount('dict.setdefault', args, kwargs, 1, 2);
    const known = self.get(args[0] as Value);
    if (known !== undefined) return known;
    self.set(args[0] as Value, args[1] ?? null);
    return args[1] ?? null;
  },
  clear: action('dict.clear', 0, (self: PyDict) => self.clear()),
  copy: (self, args, kwargs) => {
    checkCount('dict.copy', args, kwargs, 0);
    return new PyDict(self.entries());
  },
  fromkeys: (_self, args, kwargs) => {
    checkCount('dict.fromkeys', args, kwargs, 1, 2);
    return new PyDict(Array.from(iterate(args[0] as Value), (key) => [key, args[1] ?? null] as const));
  },
});

const asSet = (value: Value): PySet => (value instanceof PySet ? value : new PySet(iterate(value)));
const keep = (self: PySet, wanted: (item: Value) => boolean): PySet =>
  new PySet([...self.members.values()].filter(wanted));

export const SET_METHODS = methods<PySet>({
  add: action('set.add', 1, (self: PySet, item) => self.add(item as Value)),
  discard: action('set.discard', 1, (self: PySet, item) => self.delete(item as Value)),
  clear: action('set.clear', 0, (self: PySet) => self.members.clear()),
  remove: action('set.remove', 1, (self: PySet, item) => {
    if (!self.delete(item as Value)) throw keyError(item as Value);
  }),
  update: (self, args) => {
    for (const other of args) for (const item of iterate(other)) self.add(item);
    return null;
  },
  union: (self, args) => new PySet([self, ...args].flatMap((other) => [...iterate(other)])),
  intersection: (self, args) => args.map(asSet).reduce((left, other) => keep(left, (item) => other.has(item)), self),
  difference: (self, args) => args.map(asSet).reduce((left, other) => keep(left, (item) => !other.has(item)), self),
  symmetric_difference: (self, args) => {
    const other = asSet(args[0] as Value);
    return new PySet([
      ...keep(self, (item) => !other.has(item)).members.values(),
      ...keep(other, (item) => !self.has(item)).members.values(),
    ]);
  },
  issubset: (self, args) => self.isSubset(asSet(args[0] as Value)),
  issuperset: (self, args) => asSet(args[0] as Value).isSubset(self),
  isdisjoint: (self, args) => ![...asSet(args[0] as Value).members.values()].some((item) => self.has(item)),
  copy: (self) => new PySet(self.members.values()),
  pop: (self) => {
    const first = self.members.values().next();
    if (first.done) throw new PyError('KeyError', "'pop from an empty set'");
    self.delete(first.value);
    return first.value;
  },
});
