import { createHash } from 'node:crypto';
import { PyError, typeError } from '../errors.ts';
import { readArguments } from '../operations/arguments.ts';
import { PyDict } from '../values/dict.ts';
import { equals } from '../values/keys.ts';
import { type Args, type HostFunction, type Kwargs, PyFunction, PyObject, type Value } from '../values/object.ts';
import { iterate, PyIterator } from '../values/sequences.ts';
import { PySet } from '../values/set.ts';
import { str, truth } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { DATETIME_MODULE } from './datetime.ts';
import { ITERTOOLS_MODULE } from './itertools.ts';
import { fromJson, toJson } from './json.ts';
import { PYTZ } from './pytz.ts';
import { RE_MODULE } from './regex.ts';
import { fromYaml } from './yaml.ts';
import { toYaml } from './yaml-dump.ts';

const MODULES = new PyDict([
  ['datetime', DATETIME_MODULE],
  ['pytz', PYTZ],
  ['re', RE_MODULE],
  ['itertools', ITERTOOLS_MODULE],
]);

/** The answer, or the default where Python raises one of the two errors that bad data causes. */
function orDefault(run: () => Value, fallback: Value): Value {
  try {
    return run();
  } catch (error) {
    if (error instanceof PyError) return fallback;
    throw error;
  }
}

/** Fails under the class and message that a strict variant of a function has. */
function strictly(pyClass: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (error instanceof PyError && error.pyClass === 'TypeError') throw new PyError(pyClass, error.message);
    throw error;
  }
}

function* zipped(args: Args): Generator<Value> {
  const sources = args.map((arg) => iterate(arg)[Symbol.iterator]());
  while (sources.length > 0) {
    const taken = sources.map((source) => source.next());
    if (taken.some(({ done }) => done)) return;
    yield new PyTuple(taken.map(({ value }) => value as Value));
  }
}

/** A zip whose arguments were checked before the first pair is taken. */
function zip(args: Args): Value {
  for (const arg of args) iterate(arg);
  return new PyIterator('zip', zipped(args));
}

function zipOrDefault(args: Args, kwargs: Kwargs): Value {
  return orDefault(() => zip(args), kwargs.get('default') ?? null);
}

function setOrDefault(args: Args, kwargs: Kwargs): Value {
  const given = readArguments('set', ['value', 'default'], args, kwargs, { default: null });
  return orDefault(() => new PySet(iterate(given.value)), given.default);
}

function jsonText(args: Args, kwargs: Kwargs): Value {
  const names = ['value', 'default', 'sort_keys'] as const;
  const given = readArguments('tojson', names, args, kwargs, { default: null, sort_keys: false });
  return orDefault(() => toJson(given.value, { sortKeys: truth(given.sort_keys) }), given.default);
}

function jsonValue(args: Args, kwargs: Kwargs): Value {
  const given = readArguments('fromjson', ['string', 'default'], args, kwargs, { default: null });
  return orDefault(() => fromJson(textOf(given.string)), given.default);
}

function yamlText(args: Args, kwargs: Kwargs): Value {
  const names = ['value', 'default', 'sort_keys'] as const;
  const given = readArguments('toyaml', names, args, kwargs, { default: null, sort_keys: false });
  return orDefault(() => toYaml(given.value, truth(given.sort_keys)), given.default);
}

function yamlValue(args: Args, kwargs: Kwargs): Value {
  const given = readArguments('fromyaml', ['value', 'default'], args, kwargs, { default: null });
  return orDefault(() => fromYaml(textOf(given.value)), given.default);
}

function textOf(value: Value): string {
  if (typeof value === 'string' || (value instanceof PyObject && value.typeName === 'Markup')) return str(value);
  throw typeError('the text to read is no string');
}

/** What the lists under each key of the first dict have that the second's do not; text is compared without case. */
function differenceOfDicts(args: Args, kwargs: Kwargs): Value {
  const given = readArguments('diff_of_two_dicts', ['dict_a', 'dict_b'], args, kwargs);
  const lower = (value: Value): Value => (typeof value === 'string' ? value.toLowerCase() : value);
  const theirs = new PyDict(entriesOf(given.dict_b).map(([key, items]) => [lower(key), items.map(lower)] as const));
  const result = new PyDict();
  for (const [key, items] of entriesOf(given.dict_a)) {
    const known = theirs.get(lower(key)) as Value[] | undefined;
    const added = items.filter((item) => !known?.some((other) => equals(other, lower(item))));
    if (added.length > 0) result.set(key, added);
  }
  return result;
}

function entriesOf(dict: Value): readonly (readonly [Value, Value[]])[] {
  if (!(dict instanceof PyDict)) throw typeError('diff_of_two_dicts() takes two dicts');
  return [...dict.entries()].map(([key, items]) => [key, [...iterate(items)]] as const);
}

const FUNCTIONS: Readonly<Record<string, HostFunction>> = {
  set: setOrDefault,
  set_strict: (args) => strictly('SetStrictWrongTypeError', () => new PySet(iterate(args[0] ?? null))),
  zip: zipOrDefault,
  zip_strict: (args) => strictly('ZipStrictWrongTypeError', () => zip(args)),
  tojson: jsonText,
  fromjson: jsonValue,
  toyaml: yamlText,
  fromyaml: yamlValue,
  local_md5: (args, kwargs) => {
    const { value } = readArguments('local_md5', ['value'], args, kwargs);
    return createHash('md5').update(textOf(value)).digest('hex');
  },
  diff_of_two_dicts: differenceOfDicts,
};

/** Functions and modules of Python that dbt offers in every context, by name. */
export function pythonBuiltins(): Map<string, Value> {
  const functions = Object.entries(FUNCTIONS).map(([name, run]) => [name, new PyFunction(name, run)] as const);
  return new Map<string, Value>([...functions, ['modules', MODULES]]);
}
