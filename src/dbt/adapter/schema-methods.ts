import { type PyObject, str, type Value } from '../../jinja/index.ts';
import { quoteLiteral } from '../../sql.ts';
import { iterateValue } from './adapter-helpers.ts';
import { type AdapterHost, runSql } from './adapter-host.ts';
import { type AdapterMethods, method } from './adapter-method.ts';
import { schemaOf } from './cache.ts';
import { Relation } from './relation.ts';
import { RelationObject, relationOf } from './relation-object.ts';

/** Creates a schema, by the project's own macro where it has one. */
export async function createSchema(host: AdapterHost, schema: Relation): Promise<void> {
  if (await ownCreateSchema(host, schema)) return;
  await runSql(host, `create schema if not exists ${schema.withoutIdentifier().render()}`, { autoBegin: true });
  await (await host.connection()).commit();
}

/** Whether the project has a macro of its own for it, which is called then. */
export async function ownCreateSchema(host: AdapterHost, schema: Relation): Promise<boolean> {
  const relation = new RelationObject(schema.withoutIdentifier());
  const own = await host.overridden('create_schema', { relation });
  if (own !== undefined) await (await host.connection()).commit();
  return own !== undefined;
}

async function dropSchema(host: AdapterHost, schema: Relation): Promise<void> {
  const relation = schema.withoutIdentifier();
  const own = await host.overridden('drop_schema', { relation: new RelationObject(relation) });
  if (own === undefined) await runSql(host, `drop schema if exists ${relation.render()} cascade`, { autoBegin: true });
  await (await host.connection()).commit();
  host.cache.forgetSchema(schemaOf(relation));
}

/** The schemas of a database by the project's own macro; undefined where it has none. */
export async function ownSchemas(host: AdapterHost, database: string): Promise<readonly string[] | undefined> {
  const own = await host.overridden('list_schemas', { database });
  return own === undefined ? undefined : [...iterateValue(own)].map((row) => str(firstOf(row)));
}

const firstOf = (row: Value): Value => (Array.isArray(row) ? row[0] : (row as PyObject).item(0)) ?? null;

async function schemaExists(host: AdapterHost, database: string, schema: string): Promise<boolean> {
  const place = new Relation({ database, schema, identifier: 'INFORMATION_SCHEMA' }).informationSchema(null);
  const asked = { information_schema: new RelationObject(place), schema };
  const own = await host.overridden('check_schema_exists', asked);
  if (own !== undefined) return Number(str(firstOf([...iterateValue(own)][0] ?? [0]))) > 0;
  const { table } = await runSql(
    host,
    `select 1 from duckdb_schemas() where lower(database_name) = lower(${quoteLiteral(database)}) and lower(schema_name) = lower(${quoteLiteral(schema)})`,
    { fetch: true },
  );
  return table.rows.length > 0;
}

export const schemaMethods: AdapterMethods = {
  check_schema_exists: method(['database', 'schema'], (host, { database, schema }) =>
    schemaExists(host, str(database), str(schema)),
  ),
  create_schema: method(['relation'], async (host, { relation }) => {
    await createSchema(host, relationOf(relation, 'relation'));
    return null;
  }),
  drop_schema: method(['relation'], async (host, { relation }) => {
    await dropSchema(host, relationOf(relation, 'relation'));
    return null;
  }),
  verify_database: () => '',
};
