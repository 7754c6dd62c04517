/** Filters of metrics as plain conditions: what they name becomes the columns that programs which compute metrics call so. */
import {
  compileTemplate,
  createEnvironment,
  hostFunction,
  PyObject,
  readArguments,
  renderText,
  str,
  type Value,
  valueError,
} from '../../jinja/index.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict } from '../plain.ts';

/** `Dimension('customer__country')` and its like, as the text of a column. */
class NamedColumn extends PyObject {
  readonly typeName = 'NamedColumn';
  readonly #name: string;
  readonly #suffix: string;

  constructor(name: string, suffix = '') {
    super();
    this.#name = name;
    this.#suffix = suffix;
  }
  override attr(name: string): Value | undefined {
    if (name === 'grain' || name === 'date_part')
      return hostFunction(name, ([part = '']) => new NamedColumn(this.#name, str(part)));
    return name === 'descending' ? hostFunction(name, () => this) : undefined;
  }
  override str(): string {
    return this.#suffix === '' ? this.#name : `${this.#name}__${this.#suffix.toLowerCase()}`;
  }
}

const pathed = (name: Value, path: Value): string =>
  [...(Array.isArray(path) ? path.map(str) : []), str(name)].join('__');

type Make = (name: Value, rest: Readonly<Record<string, Value>>) => Value;

const named = (what: string, optional: readonly string[], make: Make): readonly [string, Value] => {
  const absent = Object.fromEntries(optional.map((name) => [name, null]));
  return [
    what,
    hostFunction(what, (args, kwargs) => {
      const { name = null, ...rest } = readArguments<string>(what, ['name', ...optional], args, kwargs, absent);
      return make(name, rest);
    }),
  ];
};

const column: Make = (name, { entity_path: path = null, time_granularity_name: grain = null }) =>
  new NamedColumn(pathed(name, path), grain === null ? '' : str(grain));

const names = new Map<string, Value>([
  named('Dimension', ['entity_path'], column),
  named('TimeDimension', ['time_granularity_name', 'entity_path'], column),
  named('Entity', ['entity_path'], column),
  named('Metric', ['group_by'], column),
]);

const environment = createEnvironment();

const grain = /^(?:nanosecond|microsecond|millisecond|second|minute|hour|day|week|month|quarter|year)$/;

/** The same names, which refuse what programs that compute metrics refuse: a dimension is told with its entity. */
const checkedNames = new Map<string, Value>(
  [...names].map(([what, make]) => {
    if (!what.endsWith('Dimension')) return [what, make];
    const checked = hostFunction(what, (args, kwargs) => {
      const name = str(args[0] ?? kwargs.get('name') ?? kwargs.get('dimension_name') ?? '');
      const parts = name.toLowerCase().split('__');
      const links = parts.length - 1 - (parts.length > 1 && grain.test(parts.at(-1) ?? '') ? 1 : 0);
      if (links !== 1 && !/^metric_time(?:__|$)/i.test(name))
        throw valueError(`'${name}' names no dimension as <entity>__<dimension>`);
      return (make as PyObject).call(args, kwargs) as Value;
    });
    return [what, checked];
  }),
);

/** What is wrong with the text of a filter. */
export function filterProblem(text: string): string | undefined {
  if (!/[{][{%#]/.test(text)) return undefined;
  try {
    const template = compileTemplate(environment, text, { path: 'filter', name: 'filter' });
    renderText(template, { get: (name) => checkedNames.get(name) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The conditions of filters as one; undefined when there are none. */
export function filterText(...filters: readonly unknown[]): string | undefined {
  const texts = filters
    .flatMap((filter) => (isDict(filter) ? (filter.where_filters as readonly Dict[]) : []))
    .map(({ where_sql_template: text }) =>
      renderText(compileTemplate(environment, str(text as Value), { path: 'filter', name: 'filter' }), {
        get: (name) => names.get(name),
      }).trim(),
    );
  return joined(...texts);
}

/** Each in parentheses where there are several. */
export function joined(...parts: readonly (string | undefined)[]): string | undefined {
  const told = parts.filter((part) => part !== undefined && part !== '');
  return told.length > 1 ? told.map((part) => `(${part})`).join(' AND ') : told[0];
}
