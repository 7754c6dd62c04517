/** Types of what the entries of YAML files hold. */
import { nearestNames } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText, typeName } from '../plain.ts';

/** Tells a problem at a place such as `columns[0].description`. */
type Tell = (place: string, problem: string) => void;
type Check = (value: unknown, place: string, tell: Tell) => void;
type Shape = Readonly<Record<string, Check>>;

const told = (value: unknown): string =>
  isText(value) || typeof value === 'number' || typeof value === 'boolean'
    ? JSON.stringify(value)
    : value === null
      ? 'empty'
      : `a ${typeName(value)}`;

const must =
  (what: string, holds: (value: unknown) => boolean): Check =>
  (value, place, tell) => {
    // What an expression gives is known later.
    if (!holds(value) && !(isText(value) && value.includes('{{'))) tell(place, `must be ${what}, not ${told(value)}`);
  };
const maybe =
  (check: Check): Check =>
  (value, place, tell) =>
    value === null ? undefined : check(value, place, tell);

const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'object' && !Array.isArray(value) && !isDict(value) && value !== null);
const text = must('a string', isText);
const flag = must('true or false', (value) => typeof value === 'boolean');
const dict = must('a dictionary', isDict);
const list = must('a list', Array.isArray);
const texts = must('a list of strings', (value) => isText(value) || (Array.isArray(value) && value.every(isText)));
const oneOf = (...words: readonly string[]): Check =>
  must(`one of ${words.join(', ')}`, (value) => words.includes(value as string));

const dictOf =
  (shape: Shape): Check =>
  (value, place, tell) => {
    dict(value, place, tell);
    if (!isDict(value)) return;
    for (const key in shape)
      if (Object.hasOwn(value, key)) (shape[key] as Check)(value[key], place === '' ? key : `${place}.${key}`, tell);
  };
const listOf =
  (check: Check): Check =>
  (value, place, tell) => {
    list(value, place, tell);
    if (Array.isArray(value)) for (const [index, one] of value.entries()) check(one, `${place}[${index}]`, tell);
  };
/** A dictionary that has these keys. */
const having =
  (keys: readonly string[], shape: Shape): Check =>
  (value, place, tell) => {
    dictOf(shape)(value, place, tell);
    if (isDict(value)) for (const key of keys) if (!(key in value)) tell(place, `has no '${key}'`);
  };

const isNone = (name: string, keys: readonly string[]): string => {
  const near = nearestNames(name, keys);
  return `is none of ${keys.join(', ')}${near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''}`;
};
/** A dictionary that has no keys but the shape's and `others`. */
const only = (shape: Shape, others: readonly string[] = [], check: Check = dictOf(shape)): Check => {
  const keys = [...new Set([...Object.keys(shape), ...others])];
  return (value, place, tell) => {
    check(value, place, tell);
    if (!isDict(value)) return;
    for (const key of Object.keys(value))
      if (!keys.includes(key)) tell(place === '' ? key : `${place}.${key}`, isNone(key, keys));
  };
};

const docs = only({ show: flag, node_color: maybe(text) });
const shared: Shape = { description: text, meta: dict, config: dict, docs };
const column = having(['name'], {
  ...shared,
  name: text,
  data_type: maybe(text),
  constraints: listOf(dict),
  quote: maybe(flag),
  tags: texts,
});
const columns = listOf(column);
const node: Shape = { ...shared, columns, quote_columns: maybe(flag), access: maybe(text), constraints: listOf(dict) };

/** A date of YAML is a value of its own. */
const isMoment = (value: unknown): boolean => {
  const plain: unknown = typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value;
  return isText(plain) && !Number.isNaN(Date.parse(plain));
};
const moment = must('a date', isMoment);
const versionName = must('a number or a string', (value) => isText(value) || isNumber(value));
const versionShape: Shape = {
  v: versionName,
  defined_in: maybe(text),
  description: text,
  access: maybe(text),
  config: dict,
  constraints: listOf(dict),
  docs,
  columns: list,
  deprecation_date: maybe(moment),
};
const version = only(versionShape, ['tests', 'data_tests'], having(['v'], versionShape));

const quoting = only({ database: maybe(flag), schema: maybe(flag), identifier: maybe(flag), column: maybe(flag) });
const time = only({
  count: maybe(must('a whole number', Number.isInteger)),
  period: maybe(oneOf('minute', 'hour', 'day')),
});
const freshness = maybe(only({ warn_after: maybe(time), error_after: maybe(time), filter: maybe(text) }));
const table = having(['name'], {
  ...shared,
  name: text,
  columns,
  identifier: maybe(text),
  quoting,
  freshness,
  loaded_at_field: maybe(text),
  loaded_at_query: maybe(text),
  external: maybe(dict),
  tags: texts,
});

const owner: Check = (value, place, tell) => {
  dict(value, place, tell);
  if (isDict(value) && !value.name && !value.email) tell(place, "needs a 'name' or an 'email'");
};
const fixtureShape: Shape = { rows: maybe(must('a list or a text', (value) => Array.isArray(value) || isText(value))) };
const fixtureKeys = ['format', 'fixture'];
const argument: Shape = { name: text, type: maybe(text), description: text };
const exposure: Shape = {
  description: text,
  owner,
  maturity: maybe(oneOf('low', 'medium', 'high')),
  url: maybe(text),
  label: maybe(text),
  depends_on: listOf(text),
  meta: dict,
  config: dict,
  tags: texts,
};
const unitTest: Shape = {
  model: text,
  given: listOf(only({}, ['input', 'rows', ...fixtureKeys], having(['input'], {}))),
  expect: only(fixtureShape, fixtureKeys),
  description: text,
  overrides: maybe(only({}, ['macros', 'vars', 'env_vars'])),
  config: dict,
  versions: maybe(dict),
};

const shapes: Readonly<Record<string, Check>> = {
  models: dictOf({
    ...node,
    versions: listOf(version),
    latest_version: maybe(versionName),
    deprecation_date: maybe(moment),
  }),
  seeds: dictOf(node),
  snapshots: dictOf(node),
  analyses: dictOf({ ...shared, columns }),
  data_tests: dictOf(shared),
  macros: dictOf({
    ...shared,
    arguments: listOf(only(argument, [], having(['name'], argument))),
  }),
  sources: only(
    {
      description: text,
      meta: dict,
      config: dict,
      database: maybe(text),
      schema: maybe(text),
      loader: text,
      quoting,
      freshness,
      loaded_at_field: maybe(text),
      loaded_at_query: maybe(text),
      tables: maybe(listOf(table)),
      tags: texts,
    },
    ['name', 'overrides'],
  ),
  exposures: only(exposure, ['name', 'type'], having(['type', 'owner'], exposure)),
  groups: only({ owner, config: dict }, ['name', 'description'], having(['owner'], { owner, config: dict })),
  unit_tests: only(unitTest, ['name'], having(['model', 'given', 'expect'], unitTest)),
};

/** Problems of an entry under `key`; what stands in it, before anything is rendered. */
export function entryProblem(key: string, entry: Readonly<Dict>): string | undefined {
  let found: string | undefined;
  const tell: Tell = (place, problem) => {
    found ??= place === '' ? problem : `'${place}' ${problem}`;
  };
  shapes[key]?.(entry, '', tell);
  if (key === 'models') checkVersions(entry, tell);
  return found;
}

/** Each version once, and the latest among them. */
function checkVersions({ versions, latest_version: latest }: Readonly<Dict>, tell: Tell): void {
  const names = (Array.isArray(versions) ? versions : []).map((one) => (isDict(one) ? String(one.v) : ''));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) tell('versions', `has version ${twice} twice`);
  if (latest !== undefined && latest !== null && !names.includes(String(latest)))
    tell('latest_version', `${String(latest)} is none of the versions: ${names.join(', ') || 'there are none'}`);
}
