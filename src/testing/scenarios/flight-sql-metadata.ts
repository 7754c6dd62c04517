import type { ArrowSchema } from '../../arrow/index.ts';
import {
  allOf,
  catalogsSchema,
  dbSchemasSchema,
  fieldMap,
  intOf,
  intsOf,
  primaryKeysSchema,
  referencesSchema,
  sqlInfoSchema,
  tablesSchema,
  tablesWithSchemaSchema,
  tableTypesSchema,
  textOf,
  xdbcTypeInfoSchema,
} from '../../flight/index.ts';
import { expectEqual } from './scenario.ts';

interface MetadataAnswer {
  readonly schema: (value: Uint8Array) => ArrowSchema;
  /** Whether what the client asks with is what the suite sends; GetSchema asks without. */
  readonly check?: (value: Uint8Array) => void;
}

const checkTexts =
  (...expected: readonly string[]) =>
  (value: Uint8Array): void => {
    const fields = fieldMap(value);
    expectEqual(
      'command',
      expected.map((_, i) => textOf(fields, i + 1)),
      expected,
    );
  };
const always = (schema: ArrowSchema, check?: (value: Uint8Array) => void): MetadataAnswer => ({
  schema: () => schema,
  ...(check === undefined ? {} : { check }),
});
const oneTable = checkTexts('catalog', 'db_schema', 'table');

/** The metadata commands of the Flight SQL scenarios: their schemas, and no rows. */
export const metadataAnswers: Readonly<Record<string, MetadataAnswer>> = {
  CommandGetCatalogs: always(catalogsSchema),
  CommandGetDbSchemas: always(dbSchemasSchema, checkTexts('catalog', 'db_schema_filter_pattern')),
  CommandGetTables: {
    schema: (value) => (intOf(fieldMap(value), 5) === 0n ? tablesSchema : tablesWithSchemaSchema),
    check(value) {
      checkTexts('catalog', 'db_schema_filter_pattern', 'table_filter_pattern')(value);
      const types = allOf(fieldMap(value), 4).map((type) => Buffer.from(type).toString('utf8'));
      expectEqual('table types', types, ['table', 'view']);
      expectEqual('include_schema', intOf(fieldMap(value), 5) !== 0n, true);
    },
  },
  CommandGetTableTypes: always(tableTypesSchema),
  CommandGetPrimaryKeys: always(primaryKeysSchema, oneTable),
  CommandGetExportedKeys: always(referencesSchema, oneTable),
  CommandGetImportedKeys: always(referencesSchema, oneTable),
  CommandGetCrossReference: always(
    referencesSchema,
    checkTexts('pk_catalog', 'pk_db_schema', 'pk_table', 'fk_catalog', 'fk_db_schema', 'fk_table'),
  ),
  CommandGetXdbcTypeInfo: always(xdbcTypeInfoSchema),
  CommandGetSqlInfo: always(sqlInfoSchema, (value) => {
    const codes = intsOf(fieldMap(value), 1);
    if (codes.length === 2) expectEqual('info', codes, [0, 3]);
  }),
};
