import { typeError, valueError } from '../errors.ts';
import { asIndex, readArguments } from '../operations/arguments.ts';
import { binary } from '../operations/arithmetic.ts';
import { bounded, checkLength } from '../operations/limits.ts';
import { equals } from '../values/keys.ts';
import {
  type Args,
  type HostFunction,
  type Kwargs,
  NO_KWARGS,
  PyClass,
  PyFunction,
  PyModule,
  PyObject,
  type Value,
} from '../values/object.ts';
import { iterate, PyIterator } from '../values/sequences.ts';
import { truth } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';

function callNow(callee: Value, args: Args): Value {
  const result = callee instanceof PyObject ? callee.call(args, NO_KWARGS) : undefined;
  if (result === undefined || result instanceof Promise) throw typeError('this function cannot be called here');
  return result;
}

function* accumulate(args: Args, kwargs: Kwargs): Generator<Value> {
  const given = readArguments('accumulate', ['iterable', 'func', 'initial'], args, kwargs, {
    func: null,
    initial: null,
  });
  let total: Value | undefined = given.initial === null ? undefined : given.initial;
  if (total !== undefined) yield total;
  for (const item of iterate(given.iterable)) {
    if (total === undefined) total = item;
    else total = given.func === null ? binary('+', total, item) : callNow(given.func, [total, item]);
    yield total;
  }
}

function* chain(iterables: Iterable<Value>): Generator<Value> {
  for (const iterable of iterables) yield* iterate(iterable);
}

/** All ways to choose `count` positions of `size` that a rule allows, in lexicographic order. */
function* choices(size: number, count: number, start: (chosen: readonly number[]) => number): Generator<number[]> {
  function* extend(chosen: readonly number[]): Generator<number[]> {
    if (chosen.length === count) {
      yield [...chosen];
      return;
    }
    for (let i = start(chosen); i < size; i++) yield* extend([...chosen, i]);
  }
  yield* extend([]);
}

const combinations =
  (start: (chosen: readonly number[]) => number, accept: (chosen: readonly number[]) => boolean = () => true) =>
  (name: string) =>
    function* (args: Args, kwargs: Kwargs): Generator<Value> {
      const given = readArguments(name, ['iterable', 'r'], args, kwargs, { r: null });
      const pool = [...iterate(given.iterable)];
      const count = given.r === null ? pool.length : asIndex(given.r);
      if (count < 0) throw valueError('r must be non-negative');
      for (const chosen of choices(pool.length, count, start))
        if (accept(chosen)) yield new PyTuple(chosen.map((i) => pool[i] as Value));
    };

function* product(args: Args, kwargs: Kwargs): Generator<Value> {
  const repeat = asIndex(kwargs.get('repeat') ?? 1);
  checkLength(repeat * args.length);
  const pools = Array.from({ length: repeat }, () => args.map((arg) => [...iterate(arg)])).flat(1);
  function* extend(chosen: readonly Value[]): Generator<Value> {
    const pool = pools[chosen.length];
    if (!pool) yield new PyTuple(chosen);
    else for (const item of pool) yield* extend([...chosen, item]);
  }
  yield* extend([]);
}

function* count(args: Args, kwargs: Kwargs): Generator<Value> {
  const given = readArguments('count', ['start', 'step'], args, kwargs, { start: 0, step: 1 });
  for (let value = given.start; ; value = binary('+', value, given.step)) yield value;
}

function* cycle(args: Args): Generator<Value> {
  const items = [...iterate(args[0] ?? null)];
  while (items.length > 0) yield* items;
}

function* repeat(args: Args, kwargs: Kwargs): Generator<Value> {
  const given = readArguments('repeat', ['object', 'times'], args, kwargs, { times: null });
  const times = given.times === null ? Number.POSITIVE_INFINITY : asIndex(given.times);
  for (let i = 0; i < times; i++) yield given.object;
}

function* islice(args: Args): Generator<Value> {
  const [iterable = null, ...bounds] = args;
  const [start, stop] = bounds.length === 1 ? [null, bounds[0]] : bounds;
  const step = asIndex(bounds[2] ?? 1);
  const from = start === null || start === undefined ? 0 : asIndex(start);
  const to = stop === null || stop === undefined ? Number.POSITIVE_INFINITY : asIndex(stop);
  if (step < 1 || from < 0 || to < 0)
    throw valueError('Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.');
  let i = 0;
  if (to <= 0) return;
  for (const item of iterate(iterable)) {
    if (i >= from && (i - from) % step === 0) yield item;
    if (++i >= to) return;
  }
}

function* zipLongest(args: Args, kwargs: Kwargs): Generator<Value> {
  const pools = args.map((arg) => [...iterate(arg)]);
  const length = Math.max(0, ...pools.map((pool) => pool.length));
  const filling = kwargs.get('fillvalue') ?? null;
  for (let i = 0; i < length; i++)
    yield new PyTuple(pools.map((pool) => (i < pool.length ? (pool[i] as Value) : filling)));
}

function* groupby(args: Args, kwargs: Kwargs): Generator<Value> {
  const given = readArguments('groupby', ['iterable', 'key'], args, kwargs, { key: null });
  let group: { readonly key: Value; readonly items: Value[] } | undefined;
  for (const item of iterate(given.iterable)) {
    const key = given.key === null ? item : callNow(given.key, [item]);
    if (group && equals(group.key, key)) group.items.push(item);
    else {
      if (group) yield new PyTuple([group.key, new PyIterator('itertools._grouper', group.items)]);
      group = { key, items: [item] };
    }
  }
  if (group) yield new PyTuple([group.key, new PyIterator('itertools._grouper', group.items)]);
}

function* pairwise(args: Args): Generator<Value> {
  let before: Value | undefined;
  for (const item of iterate(args[0] ?? null)) {
    if (before !== undefined) yield new PyTuple([before, item]);
    before = item;
  }
}

function* filtered(args: Args, keep: (seen: boolean, holds: boolean) => 'yield' | 'skip' | 'stop'): Generator<Value> {
  const [predicate = null, iterable = null] = args;
  let seen = false;
  for (const item of iterate(iterable)) {
    const holds = truth(predicate === null ? item : callNow(predicate, [item]));
    const verdict = keep(seen, holds);
    if (verdict === 'stop') return;
    if (verdict === 'yield') {
      seen = true;
      yield item;
    }
  }
}

function* compress(args: Args): Generator<Value> {
  const selectors = iterate(args[1] ?? null)[Symbol.iterator]();
  for (const item of iterate(args[0] ?? null)) {
    const selector = selectors.next();
    if (selector.done) return;
    if (truth(selector.value)) yield item;
  }
}

function* starmap(args: Args): Generator<Value> {
  for (const item of iterate(args[1] ?? null)) yield callNow(args[0] ?? null, [...iterate(item)]);
}

const iterator =
  (name: string, make: (args: Args, kwargs: Kwargs) => Generator<Value>): HostFunction =>
  (args, kwargs) =>
    new PyIterator(`itertools.${name}`, bounded(make(args, kwargs)));

const afterLast = (chosen: readonly number[]): number => (chosen.at(-1) ?? -1) + 1;
const fromLast = (chosen: readonly number[]): number => chosen.at(-1) ?? 0;
const allDifferent = (chosen: readonly number[]): boolean => new Set(chosen).size === chosen.length;

const FUNCTIONS: Readonly<Record<string, (args: Args, kwargs: Kwargs) => Generator<Value>>> = {
  accumulate,
  combinations: combinations(afterLast)('combinations'),
  combinations_with_replacement: combinations(fromLast)('combinations_with_replacement'),
  permutations: combinations(() => 0, allDifferent)('permutations'),
  product,
  count,
  cycle,
  repeat,
  islice,
  zip_longest: zipLongest,
  groupby,
  pairwise,
  compress,
  starmap,
  takewhile: (args) => filtered(args, (_seen, holds) => (holds ? 'yield' : 'stop')),
  dropwhile: (args) => filtered(args, (seen, holds) => (seen || !holds ? 'yield' : 'skip')),
  filterfalse: (args) => filtered(args, (_seen, holds) => (holds ? 'skip' : 'yield')),
};

const CHAIN = new PyClass(
  'itertools.chain',
  iterator('chain', (args) => chain(args)),
  [
    [
      'from_iterable',
      new PyFunction(
        'from_iterable',
        iterator('chain', (args) => chain(iterate(args[0] ?? null))),
      ),
    ],
  ],
);

export const ITERTOOLS_MODULE = new PyModule('module', [
  ...Object.entries(FUNCTIONS).map(([name, make]) => [name, new PyFunction(name, iterator(name, make))] as const),
  ['chain', CHAIN],
  [
    'tee',
    new PyFunction('tee', (args) => {
      const items = [...iterate(args[0] ?? null)];
      const copies = asIndex(args[1] ?? 2);
      return new PyTuple(Array.from({ length: copies }, () => new PyIterator('itertools._tee', items)));
    }),
  ],
]);
