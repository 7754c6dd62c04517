import type { Value } from '../../jinja/index.ts';
import type { AdapterHost } from '../adapter/adapter-host.ts';
import { Relation } from '../adapter/relation.ts';
import { RelationObject } from '../adapter/relation-object.ts';
import { TableObject } from '../adapter/table-object.ts';

/** A relation of the project: a node's or a source's. */
export interface Place {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
}

const columns = [
  ['table_database', 'table_schema', 'table_name', 'table_type', 'table_comment'],
  ['column_name', 'column_type', 'column_index', 'column_comment'],
].flat();

/** From this many on dbt asks for whole schemas. */
const mostRelations = 100;

/** Rows of the catalog as the project's own macro gives them; undefined where it has none. */
export async function ownCatalog(
  adapter: AdapterHost,
  places: readonly Place[],
): Promise<readonly (readonly unknown[])[] | undefined> {
  const rows: (readonly unknown[])[] = [];
  const asksRelations = places.length <= mostRelations;
  const name = asksRelations ? 'get_catalog_relations' : 'get_catalog';
  for (const database of new Set(places.map((place) => place.database))) {
    const inside = places.filter((place) => place.database === database);
    const wanted = asksRelations ? { relations: relationsOf(inside) } : { schemas: schemasOf(inside) };
    const place = new RelationObject(new Relation({ database }).informationSchema(null));
    const answer = await adapter.overridden(name, { information_schema: place, ...wanted });
    if (answer === undefined) return undefined;
    if (answer instanceof TableObject) rows.push(...rowsOf(answer));
  }
  return rows;
}

const schemasOf = (places: readonly Place[]): Value => [...new Set(places.map(({ schema }) => schema.toLowerCase()))];

const relationsOf = (places: readonly Place[]): Value =>
  places.map(({ database, schema, name }) => new RelationObject(new Relation({ database, schema, identifier: name })));

function rowsOf({ table }: TableObject): (readonly unknown[])[] {
  const positions = columns.map((column) => table.columnNames.findIndex((name) => name.toLowerCase() === column));
  return table.rows.map((row) => positions.map((position) => row[position] ?? null));
}
