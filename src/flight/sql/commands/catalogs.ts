import { encapsulate, encodeSchema } from '../../../arrow/index.ts';
import {
  listCatalogs,
  listDbSchemas,
  listRelations,
  type Relation,
  type RelationFilter,
  relationSchemas,
  tableTypes,
} from '../../../lakehouse/index.ts';
import { allOf, fieldMap, intOf, optionalTextOf } from '../../proto/wire.ts';
import type { SqlCommands } from '../command.ts';
import { type Columns, metadataCommand, sessionOf } from '../metadata.ts';
import {
  catalogsSchema,
  dbSchemasSchema,
  tablesSchema,
  tablesWithSchemaSchema,
  tableTypesSchema,
} from '../reference-schemas.ts';

/** What there is: catalogs, schemas, tables and their types. */
export const catalogCommands: SqlCommands = {
  CommandGetCatalogs: metadataCommand('CommandGetCatalogs', {
    schema: catalogsSchema,
    columns: async (context) => [await listCatalogs(sessionOf(context))],
  }),
  CommandGetDbSchemas: metadataCommand('CommandGetDbSchemas', {
    schema: dbSchemasSchema,
    async columns(context, value) {
      const fields = fieldMap(value);
      const found = await listDbSchemas(sessionOf(context), {
        catalog: optionalTextOf(fields, 1),
        dbSchemaPattern: optionalTextOf(fields, 2),
      });
      return [found.map(({ catalog }) => catalog), found.map(({ dbSchema }) => dbSchema)];
    },
  }),
  CommandGetTables: metadataCommand('CommandGetTables', {
    schema: (value) => (decodeTables(value).includeSchema ? tablesWithSchemaSchema : tablesSchema),
    async columns(context, value): Promise<Columns> {
      const { includeSchema, filter } = decodeTables(value);
      if (!includeSchema) return relationColumns(await listRelations(sessionOf(context), filter));
      const found = await encodedSchemas(sessionOf(context), filter);
      return [...relationColumns(found), found.map(({ schema }) => schema)];
    },
  }),
  CommandGetTableTypes: metadataCommand('CommandGetTableTypes', {
    schema: tableTypesSchema,
    columns: () => [tableTypes],
  }),
};

const encodedSchemas = relationSchemas((schema) => encapsulate(encodeSchema(schema)));

const relationColumns = (found: readonly Relation[]): Columns => [
  found.map(({ catalog }) => catalog),
  found.map(({ dbSchema }) => dbSchema),
  found.map(({ name }) => name),
  found.map(({ type }) => type),
];

function decodeTables(value: Uint8Array): { readonly includeSchema: boolean; readonly filter: RelationFilter } {
  const fields = fieldMap(value);
  return {
    includeSchema: intOf(fields, 5) !== 0n,
    filter: {
      catalog: optionalTextOf(fields, 1),
      dbSchemaPattern: optionalTextOf(fields, 2),
      tablePattern: optionalTextOf(fields, 3),
      tableTypes: allOf(fields, 4).map((type) => Buffer.from(type).toString('utf8')),
    },
  };
}
