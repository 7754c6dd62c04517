import { hostFunction, PyDict, PyError, PyObject, str, toJs, type Value } from '../../jinja/index.ts';
import { quoteLiteral } from '../../sql.ts';
import type { ColumnConstraint } from '../manifest-types.ts';
import { columnDefinition } from './constraints.ts';

export const builtinStrategies = ['append', 'delete+insert', 'merge', 'insert_overwrite', 'microbatch'];

export function strategyMacro(host: { readonly projectName: string }, context: Value, strategy: Value): Value {
  const name = strategy === null ? 'default' : str(strategy);
  if (name === 'insert_overwrite')
    throw new PyError('DbtRuntimeError', `The incremental strategy '${name}' is not valid for this adapter`);
  const macroName = `get_incremental_${name.replaceAll('+', '_')}_sql`;
  const found = context instanceof PyObject ? context.item(macroName) : undefined;
  if (found !== undefined) return found;
  throw new PyError(
    'DbtRuntimeError',
    `dbt could not find an incremental strategy macro with the name "${macroName}" in ${host.projectName}`,
  );
}

export const columnDefinitionOf = (constraint: Value): Value =>
  columnDefinition({ name: '', data_type: '', constraints: [toJs(constraint) as unknown as ColumnConstraint] }).trim();

export function hardDeletes(config: Value | undefined): string {
  const read = (name: string): Value => configValue(config, name);
  const [legacy, behaviour] = [read('invalidate_hard_deletes'), read('hard_deletes')];
  if (legacy !== null && behaviour !== null)
    throw new PyError(
      'DbtValidationError',
      'You cannot set both the invalidate_hard_deletes and hard_deletes config properties on the same snapshot.',
    );
  if (legacy === true || behaviour === 'invalidate') return 'invalidate';
  if (behaviour === 'new_record') return 'new_record';
  if (behaviour === null || behaviour === 'ignore') return 'ignore';
  throw new PyError('DbtValidationError', 'Invalid setting for property hard_deletes.');
}

function configValue(config: Value | undefined, name: string): Value {
  if (!(config instanceof PyObject)) return null;
  const item = config.item(name);
  if (item !== undefined) return item;
  const get = config.attr('get');
  return get instanceof PyObject ? (get.call([name, null], new Map()) as Value) : null;
}

export function withOptions(options: Value | undefined, read: (map: Map<string, string>) => string): string {
  const dict = options instanceof PyDict ? options : new PyDict();
  const map = new Map([...dict.entries()].map(([key, value]) => [str(key), str(value)]));
  const text = read(map);
  for (const [key, value] of map) dict.set(key, value);
  return text;
}

export function iterateValue(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value;
  return value instanceof PyObject ? (value.iterate() ?? []) : [];
}

/** Bound values written into the statement: every `?` outside quotes takes the next. */
export function bindLiterals(sql: string, bindings: readonly Value[]): string {
  let next = 0;
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g, (part) =>
    part === '?' ? literal(bindings[next++] ?? null) : part,
  );
}

function literal(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = str(value);
  return value instanceof PyObject && /^-?\d+(\.\d+)?$/.test(text) ? text : quoteLiteral(text);
}

export class IndexObject extends PyObject {
  readonly typeName = 'DuckDBIndexConfig';
  readonly columns: readonly string[];
  readonly unique: boolean;
  constructor(columns: readonly string[], unique: boolean) {
    super();
    this.columns = columns;
    this.unique = unique;
  }
  override attr(name: string): Value | undefined {
    if (name === 'columns') return [...this.columns];
    if (name === 'unique') return this.unique;
    if (name !== 'render') return undefined;
    return hostFunction(
      name,
      ([relation = null]) => `idx_${hash([...this.columns, str(relation), String(Date.now())].join('_'))}`,
    );
  }
  override truth(): boolean {
    return true;
  }
}

function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const char of text) value = BigInt.asUintN(64, (value ^ BigInt(char.codePointAt(0) as number)) * 0x100000001b3n);
  return value.toString(16).padStart(16, '0');
}
