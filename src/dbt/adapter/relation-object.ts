import {
  type Args,
  hostFunction,
  type Kwargs,
  PyClass,
  PyDict,
  PyError,
  PyObject,
  readArguments,
  truth,
  type Value,
} from '../../jinja/index.ts';
import { own } from '../plain.ts';
import { ephemeralPrefix, type Policy, Relation, type RelationParts, type RelationType } from './relation.ts';

const typeName = 'DuckDBRelation';
const optionalParts = { database: null, schema: null, identifier: null };
const partNames = ['database', 'schema', 'identifier'] as const;

const textOrNull = (value: Value | undefined): string | null =>
  value === null || value === undefined || (value instanceof PyObject && !truth(value)) ? null : String(str(value));
const str = (value: Value): string => (value instanceof PyObject ? value.str() : String(value));

/** A relation as templates handle it: a mapping as well as an object. */
export class RelationObject extends PyObject {
  readonly typeName = typeName;
  readonly isMapping = true;
  readonly relation: Relation;

  constructor(relation: Relation) {
    super();
    this.relation = relation;
  }

  override attr(name: string): Value | undefined {
    const field = own(fields, name);
    if (field !== undefined) return field(this.relation);
    const method = own(methods, name);
    if (method !== undefined) return hostFunction(name, (args, kwargs) => method(this.relation, args, kwargs));
    return classMember(name);
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? own(fields, key)?.(this.relation) : undefined;
  }
  override contains(key: Value): boolean {
    return typeof key === 'string' && mappingKeys.includes(key);
  }
  override iterate(): Iterable<Value> {
    return mappingKeys;
  }
  override length(): number {
    return mappingKeys.length;
  }
  override truth(): boolean {
    return true;
  }
  override str(): string {
    return this.relation.toString();
  }
  override repr(): string {
    return `<${typeName} ${this.relation.render()}>`;
  }
  override equals(other: Value): boolean {
    return other instanceof RelationObject && this.relation.equals(other.relation);
  }
  override hashKey(): unknown {
    return `relation ${this.relation.render()}`;
  }
}

const mappingKeys = ['path', 'type', 'quote_character', 'include_policy', 'quote_policy', 'dbt_created'];

export const relationValue = (relation: Relation | null | undefined): Value =>
  relation === null || relation === undefined ? null : new RelationObject(relation);

/** The relation of a value, or a TypeError that names what was given. */
export function relationOf(value: Value | undefined, what: string): Relation {
  if (value instanceof RelationObject) return value.relation;
  throw new PyError(
    'TypeError',
    `${what} must be a relation, not ${value === null ? 'None' : str(value ?? 'nothing')}`,
  );
}

const policyDict = (policy: Policy): Value => new PyDict(Object.entries(policy) as [string, boolean][]);
const pathDict = (relation: Relation): Value =>
  new PyDict(partNames.map((part): [string, Value] => [part, relation[part]]));

const fields: Readonly<Record<string, (relation: Relation) => Value>> = {
  database: ({ database }) => database,
  schema: ({ schema }) => schema,
  identifier: ({ identifier }) => identifier,
  table: ({ identifier }) => identifier,
  name: ({ identifier }) => identifier,
  type: ({ type }) => type,
  path: pathDict,
  external: ({ external }) => external,
  limit: ({ limit }) => limit,
  quote_character: () => '"',
  quote_policy: ({ quotePolicy }) => policyDict(quotePolicy),
  include_policy: ({ includePolicy }) => policyDict(includePolicy),
  dbt_created: () => false,
  information_schema_view: ({ informationSchemaView }) => informationSchemaView,
  is_table: ({ type }) => type === 'table',
  is_view: ({ type }) => type === 'view',
  is_cte: ({ type }) => type === 'cte',
  is_materialized_view: ({ type }) => type === 'materialized_view',
  is_pointer: ({ type }) => type === 'pointer_table',
  is_function: ({ type }) => type === 'function',
  can_be_renamed: () => false,
  can_be_replaced: () => false,
};

type Method = (relation: Relation, args: Args, kwargs: Kwargs) => Value;

const flags = (name: string, args: Args, kwargs: Kwargs): Partial<Policy> => {
  const given = readArguments(name, [...partNames], args, kwargs, optionalParts);
  const entries = partNames.flatMap((part) =>
    given[part] === null ? [] : [[part, truth(given[part] as Value)] as const],
  );
  return Object.fromEntries(entries);
};

const methods: Readonly<Record<string, Method>> = {
  render: (relation) => relation.render(),
  render_limited: (relation) => relation.limited(),
  render_event_time_filtered: (relation) => relation.filtered(),
  include: (relation, args, kwargs) => new RelationObject(relation.include(flags('include', args, kwargs))),
  quote: (relation, args, kwargs) => new RelationObject(relation.quote(flags('quote', args, kwargs))),
  quoted: (_, [name]) => `"${str(name ?? null)}"`,
  incorporate: (relation, _, kwargs) => new RelationObject(incorporate(relation, kwargs)),
  replace: (relation, _, kwargs) => new RelationObject(incorporate(relation, kwargs)),
  replace_path: (relation, _, kwargs) =>
    new RelationObject(
      relation.with(Object.fromEntries([...kwargs].map(([part, value]) => [part, textOrNull(value)]))),
    ),
  without_identifier: (relation) => new RelationObject(relation.withoutIdentifier()),
  information_schema: (relation, [view]) =>
    new RelationObject(relation.informationSchema(typeof view === 'string' ? view : null)),
  information_schema_only: (relation) => new RelationObject(relation.informationSchema(null)),
  matches: (relation, args, kwargs) => {
    const given = readArguments('matches', [...partNames], args, kwargs, optionalParts);
    return partNames.every((part) => given[part] === null || sameText(relation[part], given[part] as Value));
  },
  get: (relation, [key, fallback = null]) =>
    key === 'metadata' ? new PyDict([['type', typeName]]) : (own(fields, String(key))?.(relation) ?? fallback),
  to_dict: (relation) =>
    new PyDict([
      ['path', pathDict(relation)],
      ['type', relation.type],
      ['quote_character', '"'],
      ['include_policy', policyDict(relation.includePolicy)],
      ['quote_policy', policyDict(relation.quotePolicy)],
      ['dbt_created', false],
    ]),
  keys: () => [...mappingKeys],
  values: (relation) => mappingKeys.map((key) => fields[key]?.(relation) ?? null),
  items: (relation) => mappingKeys.map((key) => [key, fields[key]?.(relation) ?? null]),
};

const sameText = (a: string | null, b: Value): boolean => a?.toLowerCase() === str(b).toLowerCase();

function incorporate(relation: Relation, kwargs: Kwargs): Relation {
  let changed = relation;
  for (const [name, value] of kwargs) {
    if (name === 'path') changed = changed.with(pathChange(value));
    else if (name === 'type') changed = changed.with({ type: textOrNull(value) as RelationType | null });
    else if (name === 'quote_policy') changed = changed.quote(policyChange(value));
    else if (name === 'include_policy') changed = changed.include(policyChange(value));
    else if (name === 'limit') changed = changed.with({ limit: typeof value === 'number' ? value : null });
    else if (name === 'external') changed = changed.with({ external: textOrNull(value) });
  }
  return changed;
}

function entriesOf(value: Value | undefined): [string, Value][] {
  if (!(value instanceof PyObject)) return [];
  return partNames.flatMap((part): [string, Value][] => {
    const found = value.item(part);
    return found === undefined ? [] : [[part, found]];
  });
}

const pathChange = (value: Value): Partial<RelationParts> =>
  Object.fromEntries(entriesOf(value).map(([part, name]) => [part, textOrNull(name)]));
const policyChange = (value: Value | undefined): Partial<Policy> =>
  Object.fromEntries(entriesOf(value).map(([part, flag]) => [part, truth(flag)]));

const typeConstants: Readonly<Record<string, RelationType>> = {
  Table: 'table',
  View: 'view',
  CTE: 'cte',
  MaterializedView: 'materialized_view',
  External: 'external',
  PointerTable: 'pointer_table',
  Function: 'function',
};

function createRelation(args: Args, kwargs: Kwargs, quoting: Partial<Policy> = {}): Value {
  const names = [...partNames, 'type'];
  const known = new Map([...kwargs].filter(([name]) => names.includes(name)));
  const given = readArguments('create', names, args, known, { ...optionalParts, type: null });
  const created = new Relation({
    database: textOrNull(given.database),
    schema: textOrNull(given.schema),
    identifier: textOrNull(given.identifier),
    type: textOrNull(given.type) as RelationType | null,
  });
  const rest = new Map([...kwargs].filter(([name]) => !names.includes(name)));
  return new RelationObject(incorporate(created.quote(quoting), rest));
}

function classMember(name: string): Value | undefined {
  const constant = own(typeConstants, name);
  if (constant !== undefined) return constant;
  if (name === 'create') return hostFunction('create', createRelation);
  if (name === 'add_ephemeral_prefix')
    return hostFunction(name, ([given]) => `${ephemeralPrefix}${str(given ?? null)}`);
  if (name === 'get_default_quote_policy' || name === 'get_default_include_policy')
    return hostFunction(name, () => policyDict({ database: true, schema: true, identifier: true }));
  if (name === 'scd_args')
    return hostFunction(name, ([keys = null, updatedAt = null]) => [
      ...(Array.isArray(keys) ? keys : [keys]),
      updatedAt,
    ]);
  return undefined;
}

/** `api.Relation`: relations that it creates are quoted as the project says. */
export const relationClass = (quoting: Partial<Policy>): PyClass =>
  new PyClass(typeName, createRelation, [
    ...classMembers,
    ['create', hostFunction('create', (args, kwargs) => createRelation(args, kwargs, quoting))],
  ]);

const classMembers: readonly (readonly [string, Value])[] = [
  ...Object.entries(typeConstants),
  ...['add_ephemeral_prefix', 'get_default_quote_policy', 'get_default_include_policy', 'scd_args'].map(
    (name): [string, Value] => [name, classMember(name) as Value],
  ),
  ['get_relation_type', hostFunction('get_relation_type', ([value = null]) => value)],
];
