import { PyError, typeError } from '../errors.ts';
import { lengthOf } from '../methods/attribute.ts';
import { asIndex, readArguments } from '../operations/arguments.ts';
import { binary } from '../operations/arithmetic.ts';
import type { Filter, FilterRuntime } from '../runtime-types.ts';
import { orderOrFail, sortValues } from '../values/compare.ts';
import { itemsOf, PyDict } from '../values/dict.ts';
import { equals, hashKey } from '../values/keys.ts';
import { type Args, type Kwargs, PyObject, PyUndefined, type Value } from '../values/object.ts';
import { iterate, Markup, PyIterator } from '../values/sequences.ts';
import { str, truth } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { attributeGetter, lowered } from './attribute-getter.ts';

type Getter = (item: Value) => Value;

const generator = (name: string, make: () => Generator<Value>): PyIterator => new PyIterator(name, make());

/** How items are compared: by an attribute, strings without case unless asked otherwise. */
function keyGetter(runtime: FilterRuntime, attribute: Value, caseSensitive: Value): Getter {
  const get = attributeGetter(runtime, attribute);
  return truth(caseSensitive) ? get : (item) => lowered(get(item));
}

const sort: Filter = (runtime, value, args, kwargs) => {
  const names = ['value', 'reverse', 'case_sensitive', 'attribute'] as const;
  const defaults = { reverse: false, case_sensitive: false, attribute: null };
  const given = readArguments('do_sort', names, [value, ...args], kwargs, defaults);
  const attributes = typeof given.attribute === 'string' ? given.attribute.split(',') : [given.attribute];
  const getters = attributes.map((attribute) => keyGetter(runtime, attribute, given.case_sensitive));
  // Jinja compares lists of keys, in which equal items (two undefined ones) are never asked for their order.
  const key: Getter = (item) => getters.map((get) => get(item));
  return sortValues([...iterate(value)], key, truth(given.reverse));
};

const unique: Filter = (runtime, value, args, kwargs) => {
  const names = ['value', 'case_sensitive', 'attribute'] as const;
  const given = readArguments('do_unique', names, [value, ...args], kwargs, { case_sensitive: false, attribute: null });
  const get = keyGetter(runtime, given.attribute, given.case_sensitive);
  const items = iterate(value);
  return generator('generator', function* () {
    const seen = new Set<unknown>();
    for (const item of items) {
      const key = hashKey(get(item));
      if (seen.has(key)) continue;
      seen.add(key);
      yield item;
    }
  });
};

const extreme =
  (name: string, better: (order: number) => boolean): Filter =>
  (runtime, value, args, kwargs) => {
    const names = ['value', 'case_sensitive', 'attribute'] as const;
    const given = readArguments(`do_${name}`, names, [value, ...args], kwargs, {
      case_sensitive: false,
      attribute: null,
    });
    const get = keyGetter(runtime, given.attribute, given.case_sensitive);
    let best: { readonly item: Value; readonly key: Value } | undefined;
    for (const item of iterate(value)) {
      const key = get(item);
      if (!best || better(orderOrFail(name === 'min' ? '<' : '>', key, best.key))) best = { item, key };
    }
    return best ? best.item : runtime.undefinedValue(null, 'No aggregated item, sequence was empty.');
  };

const sum: Filter = (runtime, value, args, kwargs) => {
  const names = ['iterable', 'attribute', 'start'] as const;
  const given = readArguments('do_sum', names, [value, ...args], kwargs, { attribute: null, start: 0 });
  const get: Getter = given.attribute === null ? (item) => item : attributeGetter(runtime, given.attribute);
  let total = given.start;
  if (typeof total === 'string') throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  for (const item of iterate(value)) total = binary('+', total, get(item));
  return total;
};

const join: Filter = (runtime, value, args, kwargs) => {
  const given = readArguments('do_join', ['value', 'd', 'attribute'], [value, ...args], kwargs, {
    d: '',
    attribute: null,
  });
  const get: Getter = given.attribute === null ? (item) => item : attributeGetter(runtime, given.attribute);
  return Array.from(iterate(value), (item) => str(get(item))).join(str(given.d));
};

const first: Filter = (runtime, value) => {
  const taken = iterate(value)[Symbol.iterator]().next();
  return taken.done ? runtime.undefinedValue(null, 'No first item, sequence was empty.') : taken.value;
};

function reversible(value: Value): readonly Value[] {
  if (value instanceof PyIterator || (value instanceof PyObject && value.typeName === 'set'))
    throw typeError(`'${value.typeName}' object is not reversible`);
  return [...iterate(value)];
}

const last: Filter = (runtime, value) => {
  if (!(value instanceof PyUndefined) && !isIterableValue(value)) throw typeError(notReversible(value));
  const items = reversible(value);
  return items.length > 0 ? (items.at(-1) as Value) : runtime.undefinedValue(null, 'No last item, sequence was empty.');
};

const isIterableValue = (value: Value): boolean =>
  typeof value === 'string' || Array.isArray(value) || (value instanceof PyObject && value.iterate() !== undefined);
const notReversible = (value: Value): string => `'${typeNameOf(value)}' object is not reversible`;
const typeNameOf = (value: Value): string =>
  value === null
    ? 'NoneType'
    : typeof value === 'boolean'
      ? 'bool'
      : value instanceof PyObject
        ? value.typeName
        : 'int';

const reverse: Filter = (_runtime, value) => {
  if (typeof value === 'string') return Array.from(value).reverse().join('');
  if (value instanceof Markup) return new Markup(Array.from(value.text).reverse().join(''));
  if (!isIterableValue(value)) throw typeError(`'${typeNameOf(value)}' object is not iterable`);
  const items = [...iterate(value)].reverse();
  return new PyIterator(Array.isArray(value) ? 'list_reverseiterator' : 'reversed', items);
};

const random: Filter = (runtime, value) => {
  const length = lengthOf(value);
  if (length === 0) return runtime.undefinedValue(null, 'No random item, sequence was empty.');
  const index = Math.floor(Math.random() * length);
  if (value instanceof PyDict && !value.has(index)) throw new PyError('KeyError', String(index));
  return runtime.item(value, index);
};

const batch: Filter = (_runtime, value, args, kwargs) => {
  const names = ['value', 'linecount', 'fill_with'] as const;
  const given = readArguments('do_batch', names, [value, ...args], kwargs, { fill_with: null });
  const size = asIndex(given.linecount);
  const items = iterate(value);
  return generator('generator', function* () {
    let group: Value[] = [];
    for (const item of items) {
      if (group.length === size) {
        yield group;
        group = [];
      }
      group.push(item);
    }
    if (group.length === 0) return;
    if (given.fill_with !== null) while (group.length < size) group.push(given.fill_with);
    yield group;
  });
};

const slices: Filter = (_runtime, value, args, kwargs) => {
  const given = readArguments('do_slice', ['value', 'slices', 'fill_with'], [value, ...args], kwargs, {
    fill_with: null,
  });
  const items = [...iterate(value)];
  const count = asIndex(given.slices);
  if (count === 0) throw new PyError('ZeroDivisionError', 'integer division or modulo by zero');
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  return generator('generator', function* () {
    let at = 0;
    for (let i = 0; i < count; i++) {
      const end = at + size + (i < longer ? 1 : 0);
      const part = items.slice(at, end);
      if (given.fill_with !== null && i >= longer && longer > 0) part.push(given.fill_with);
      yield part;
      at = end;
    }
  });
};

const groupby: Filter = (runtime, value, args, kwargs) => {
  const names = ['value', 'attribute', 'default', 'case_sensitive'] as const;
  const defaults = { default: null, case_sensitive: false };
  const given = readArguments('do_groupby', names, [value, ...args], kwargs, defaults);
  const get = attributeGetter(runtime, given.attribute, given.default);
  const key: Getter = truth(given.case_sensitive) ? get : (item) => lowered(get(item));
  const groups: { readonly key: Value; readonly items: Value[] }[] = [];
  for (const item of sortValues([...iterate(value)], key)) {
    const known = groups.at(-1);
    if (known && equals(key(known.items[0] as Value), key(item))) known.items.push(item);
    else groups.push({ key: get(item), items: [item] });
  }
  return groups.map((group) => new Group(group.key, group.items));
};

/** A pair that also has names: `grouper` and `list`. */
class Group extends PyTuple {
  constructor(key: Value, items: Value[]) {
    super([key, items]);
  }
  override attr(name: string): Value | undefined {
    return name === 'grouper' ? this.items[0] : name === 'list' ? this.items[1] : undefined;
  }
}

const dictsort: Filter = (_runtime, value, args, kwargs) => {
  const names = ['value', 'case_sensitive', 'by', 'reverse'] as const;
  const defaults = { case_sensitive: false, by: 'key', reverse: false };
  const given = readArguments('do_dictsort', names, [value, ...args], kwargs, defaults);
  const index = ['key', 'value'].indexOf(str(given.by));
  if (index < 0) throw new PyError('FilterArgumentError', 'You can only sort by either "key" or "value"');
  if (value instanceof PyUndefined) return value.fail();
  if (!(value instanceof PyDict))
    throw new PyError(
      'AttributeError',
      `'${Array.isArray(value) ? 'list' : typeof value === 'string' ? 'str' : typeNameOf(value)}' object has no attribute 'items'`,
    );
  const part = (pair: Value): Value => (pair as PyTuple).items[index] as Value;
  const key: Getter = truth(given.case_sensitive) ? part : (pair) => lowered(part(pair));
  return sortValues([...itemsOf(value)], key, truth(given.reverse));
};

const items: Filter = (_runtime, value) => {
  if (value instanceof PyUndefined) return new PyIterator('generator', []);
  if (!(value instanceof PyDict)) throw typeError('Can only get item pairs from a mapping.');
  return new PyIterator('generator', itemsOf(value));
};

const map: Filter = (runtime, value, args, kwargs) => {
  const items = isFalsy(value) ? [] : iterate(value);
  const change = mapper(runtime, args, kwargs);
  return generator('generator', function* () {
    for (const item of items) yield change(item);
  });
};

/** Jinja looks at the items only when there are any. */
const isFalsy = (value: Value): boolean => !truth(value);

function mapper(runtime: FilterRuntime, args: Args, kwargs: Kwargs): Getter {
  if (args.length === 0 && kwargs.has('attribute')) {
    for (const name of kwargs.keys())
      if (name !== 'attribute' && name !== 'default')
        throw new PyError('FilterArgumentError', `Unexpected keyword argument '${name}'`);
    return attributeGetter(runtime, kwargs.get('attribute') as Value, kwargs.get('default'));
  }
  if (args.length === 0) throw new PyError('FilterArgumentError', 'map requires a filter argument');
  const [name, ...rest] = args;
  return (item) => runtime.applyFilter(str(name as Value), item, rest, kwargs);
}

const choose =
  (wanted: boolean, byAttribute: boolean): Filter =>
  (runtime, value, args, kwargs) => {
    if (byAttribute && args.length === 0)
      throw new PyError('FilterArgumentError', 'Missing parameter for attribute name');
    const items = isFalsy(value) ? [] : iterate(value);
    const get: Getter = byAttribute ? attributeGetter(runtime, args[0] as Value) : (item) => item;
    const [name, ...rest] = byAttribute ? args.slice(1) : args;
    const test = name === undefined ? truth : (item: Value) => runtime.applyTest(str(name), item, rest, kwargs);
    return generator('generator', function* () {
      for (const item of items) if (test(get(item)) === wanted) yield item;
    });
  };

const length: Filter = (_runtime, value) => lengthOf(value);

const fallback: Filter = (_runtime, value, args, kwargs) => {
  const names = ['value', 'default_value', 'boolean'] as const;
  const given = readArguments('do_default', names, [value, ...args], kwargs, { default_value: '', boolean: false });
  return value instanceof PyUndefined || (truth(given.boolean) && !truth(value)) ? given.default_value : value;
};

const attr: Filter = (runtime, value, args) => {
  const name = str(args[0] as Value);
  if (value instanceof PyUndefined) return value.attr();
  if (value instanceof PyDict && !value.attr(name)) return attributeOnly(runtime, value, name);
  return runtime.attr(value, name);
};

/** `|attr` never falls back to an item. */
function attributeOnly(runtime: FilterRuntime, value: PyDict, name: string): Value {
  const found = runtime.attr(new PyDict(), name);
  return found instanceof PyUndefined ? found : runtime.attr(value, name);
}

export const SEQUENCE_FILTERS: readonly (readonly [string, Filter])[] = [
  ['sort', sort],
  ['unique', unique],
  ['min', extreme('min', (order) => order < 0)],
  ['max', extreme('max', (order) => order > 0)],
  ['sum', sum],
  ['join', join],
  ['first', first],
  ['last', last],
  ['reverse', reverse],
  ['random', random],
  ['batch', batch],
  ['slice', slices],
  ['groupby', groupby],
  ['dictsort', dictsort],
  ['items', items],
  ['map', map],
  ['select', choose(true, false)],
  ['reject', choose(false, false)],
  ['selectattr', choose(true, true)],
  ['rejectattr', choose(false, true)],
  ['list', (_runtime, value) => [...iterate(value)]],
  ['length', length],
  ['count', length],
  ['default', fallback],
  ['d', fallback],
  ['attr', attr],
];
