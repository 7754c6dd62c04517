import { PyError, str, type Value } from '../../jinja/index.ts';
import { iterateValue } from './adapter-helpers.ts';
import { type AdapterHost, runSql } from './adapter-host.ts';
import { type AdapterMethods, method } from './adapter-method.ts';
import { readRelations, type SchemaName, schemaOf } from './cache.ts';
import { Relation, type RelationType } from './relation.ts';
import { RelationObject, relationOf, relationValue } from './relation-object.ts';

/** Reads into the cache what schemas hold that are not known yet. */
export const fillCache = async (host: AdapterHost, schemas: readonly SchemaName[]): Promise<void> =>
  host.cache.fill(schemas, (missing) => readSchemas(host, missing));

/** Relations as the catalog has them now, or as the project's own macro lists them. */
async function readSchemas(host: AdapterHost, schemas: readonly SchemaName[]): Promise<readonly Relation[]> {
  const found: Relation[] = [];
  for (const schema of schemas) {
    const relation = new RelationObject(new Relation({ ...schema, identifier: null }).withoutIdentifier());
    const own = await host.overridden('list_relations_without_caching', { schema_relation: relation });
    if (own === undefined) return readRelations(await host.connection(), schemas);
    found.push(...[...iterateValue(own)].map(listed));
  }
  return found;
}

/** A row of such a macro: database, name, schema, kind. */
function listed(row: Value): Relation {
  const [database = null, identifier = null, schema = null, kind = null] = [...iterateValue(row)].map(str);
  const known = ['table', 'view', 'cte', 'materialized_view', 'external', 'pointer_table', 'function'];
  const type = (known.includes(kind ?? '') ? kind : 'external') as RelationType;
  return new Relation({ database, schema, identifier, type });
}

/** A relation as the run knows it, by its name. */
export async function findRelation(
  host: AdapterHost,
  name: Pick<Relation, 'database' | 'schema' | 'identifier'>,
): Promise<Relation | undefined> {
  await fillCache(host, [schemaOf(name)]);
  return host.cache.find(name);
}

async function listRelations(host: AdapterHost, schema: SchemaName): Promise<readonly Relation[]> {
  await fillCache(host, [schema]);
  return host.cache.list(schema) ?? [];
}

async function drop(host: AdapterHost, relation: Relation): Promise<void> {
  if (relation.type === null)
    throw new PyError('CompilationError', `cannot drop ${relation.render()}: the relation has no type`);
  host.cache.drop(relation);
  const own = await host.overridden('drop_relation', { relation: new RelationObject(relation) });
  if (own !== undefined) return;
  const kind = relation.type === 'external' ? 'view' : relation.type;
  await runSql(host, `drop ${kind} if exists ${relation.render()}${isInLake(host, relation) ? '' : ' cascade'}`);
}

/** A DuckLake knows no foreign keys and drops nothing with what it drops. */
export const isInLake = (
  { database: { credentials } }: AdapterHost,
  { database }: Pick<Relation, 'database'>,
): boolean => credentials.lakes.includes(database ?? '');

async function truncate(host: AdapterHost, relation: Relation): Promise<void> {
  const own = await host.overridden('truncate_relation', { relation: new RelationObject(relation) });
  if (own === undefined) await runSql(host, `truncate table ${relation.render()}`, { autoBegin: true });
}

async function rename(host: AdapterHost, from: Relation, to: Relation): Promise<void> {
  host.cache.rename(from, to);
  const given = { from_relation: new RelationObject(from), to_relation: new RelationObject(to) };
  if ((await host.overridden('rename_relation', given)) !== undefined) return;
  const kind = (to.type ?? from.type) === 'view' ? 'view' : 'table';
  await runSql(host, `alter ${kind} ${from.render()} rename to "${to.identifier}"`, { autoBegin: true });
}

const cached = (change: (host: AdapterHost, relation: Relation) => void) =>
  method(['relation'], (host, { relation }) => {
    if (relation !== null) change(host, relationOf(relation, 'relation'));
    return '';
  });

const changing = (change: (host: AdapterHost, relation: Relation) => Promise<void>) =>
  method(['relation'], async (host, { relation }) => {
    await change(host, relationOf(relation, 'relation'));
    return null;
  });

/** Relations: what there is, and what becomes of it. */
export const relationMethods: AdapterMethods = {
  get_relation: method(['database', 'schema', 'identifier'], async (host, { database, schema, identifier }) =>
    relationValue(
      await findRelation(host, { database: str(database), schema: str(schema), identifier: str(identifier) }),
    ),
  ),
  list_relations: method(['database', 'schema'], async (host, { database, schema }) =>
    (await listRelations(host, { database: str(database), schema: str(schema) })).map(relationValue),
  ),
  list_relations_without_caching: method(['schema_relation'], async (host, given) => {
    const relation = relationOf(given.schema_relation, 'schema_relation');
    return (await readSchemas(host, [schemaOf(relation)])).map(relationValue);
  }),
  already_exists: method(['schema', 'name'], async (host, { schema, name }) => {
    const relations = await listRelations(host, { database: host.database.credentials.database, schema: str(schema) });
    return relations.some(({ identifier }) => identifier?.toLowerCase() === str(name).toLowerCase());
  }),
  drop_relation: changing(drop),
  truncate_relation: changing(truncate),
  rename_relation: method(['from_relation', 'to_relation'], async (host, given) => {
    await rename(host, relationOf(given.from_relation, 'from_relation'), relationOf(given.to_relation, 'to_relation'));
    return null;
  }),
  cache_added: cached((host, relation) => host.cache.add(relation)),
  cache_dropped: cached((host, relation) => host.cache.drop(relation)),
  cache_renamed: method(['from_relation', 'to_relation'], (host, { from_relation, to_relation }) => {
    host.cache.rename(relationOf(from_relation, 'from_relation'), relationOf(to_relation, 'to_relation'));
    return '';
  }),
};
