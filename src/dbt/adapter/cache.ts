import { quoteLiteral } from '../../sql.ts';
import type { AdapterConnection } from './database.ts';
import { Relation, type RelationType, relationKey, schemaKey } from './relation.ts';

export interface SchemaName {
  readonly database: string;
  readonly schema: string;
}

export const schemaOf = ({ database, schema }: Pick<Relation, 'database' | 'schema'>): SchemaName => ({
  database: database ?? '',
  schema: schema ?? '',
});

type ReadRelations = (schemas: readonly SchemaName[]) => Promise<readonly Relation[]>;

/** The relations a run knows of. Filled from DuckDB's catalog once, then kept by what the run itself creates and drops. */
export interface RelationCache {
  /** Reads schemas not known yet. */
  fill(schemas: readonly SchemaName[], read: ReadRelations): Promise<void>;
  /** Undefined when its schema is not known. */
  list(schema: SchemaName): readonly Relation[] | undefined;
  find(relation: Pick<Relation, 'database' | 'schema' | 'identifier'>): Relation | undefined;
  add(relation: Relation): void;
  drop(relation: Relation): void;
  rename(from: Relation, to: Relation): void;
  forgetSchema(schema: SchemaName): void;
  clear(): void;
}

export function createRelationCache(): RelationCache {
  const schemas = new Map<string, Map<string, Relation>>();
  const of = ({ database, schema }: Pick<Relation, 'database' | 'schema'>): Map<string, Relation> => {
    const key = schemaKey(database, schema);
    const known = schemas.get(key) ?? new Map<string, Relation>();
    schemas.set(key, known);
    return known;
  };
  return {
    async fill(wanted, read) {
      const missing = wanted.filter(({ database, schema }) => !schemas.has(schemaKey(database, schema)));
      if (missing.length === 0) return;
      const found = await read(missing);
      for (const schema of missing) of(schema);
      for (const relation of found) of(relation).set(relationKey(relation), relation);
    },
    list: ({ database, schema }) => {
      const known = schemas.get(schemaKey(database, schema));
      return known === undefined ? undefined : [...known.values()];
    },
    find: (relation) => schemas.get(schemaKey(relation.database, relation.schema))?.get(relationKey(relation)),
    add: (relation) => void of(relation).set(relationKey(relation), relation),
    drop: (relation) => void of(relation).delete(relationKey(relation)),
    rename(from, to) {
      of(from).delete(relationKey(from));
      of(to).set(relationKey(to), to);
    },
    forgetSchema: ({ database, schema }) => void schemas.delete(schemaKey(database, schema)),
    clear: () => schemas.clear(),
  };
}

/** Tables and views of some schemas, as the catalog has them now. */
export async function readRelations(
  connection: AdapterConnection,
  schemas: readonly SchemaName[],
): Promise<readonly Relation[]> {
  const names = schemas
    .map(({ database, schema }) => `(${quoteLiteral(database.toLowerCase())}, ${quoteLiteral(schema.toLowerCase())})`)
    .join(', ');
  const columns = (kind: RelationType): string => `database_name, schema_name, ${kind}_name, '${kind}'`;
  const wanted = `(lower(database_name), lower(schema_name)) IN (${names})`;
  const { table } = await connection.execute(
    `SELECT ${columns('table')} FROM duckdb_tables() WHERE ${wanted}
     UNION ALL SELECT ${columns('view')} FROM duckdb_views() WHERE ${wanted} AND NOT internal`,
    { fetch: true },
  );
  return table.rows.map(
    ([database, schema, identifier, type]) =>
      new Relation({
        database: String(database),
        schema: String(schema),
        identifier: String(identifier),
        type: type as RelationType,
      }),
  );
}
