import {
  type KeyColumn,
  primaryKeys,
  type ReferenceColumn,
  references,
  type TableReference,
} from '../../../lakehouse/index.ts';
import { type Fields, fieldMap, optionalTextOf, textOf } from '../../proto/wire.ts';
import type { SqlCommands } from '../command.ts';
import { type Columns, metadataCommand, sessionOf } from '../metadata.ts';
import { primaryKeysSchema, referencesSchema } from '../reference-schemas.ts';

/** UpdateDeleteRules.NO_ACTION: DuckDB has no other. */
const noAction = 3;

/** Primary keys, and foreign keys from both sides. */
export const keyCommands: SqlCommands = {
  CommandGetPrimaryKeys: metadataCommand('CommandGetPrimaryKeys', {
    schema: primaryKeysSchema,
    columns: async (context, value) =>
      primaryKeyColumns(await primaryKeys(sessionOf(context), tableOf(fieldMap(value), 1))),
  }),
  CommandGetExportedKeys: metadataCommand('CommandGetExportedKeys', {
    schema: referencesSchema,
    columns: async (context, value) =>
      referenceColumns(await references(sessionOf(context), { pk: tableOf(fieldMap(value), 1), order: 'fk' })),
  }),
  CommandGetImportedKeys: metadataCommand('CommandGetImportedKeys', {
    schema: referencesSchema,
    columns: async (context, value) =>
      referenceColumns(await references(sessionOf(context), { fk: tableOf(fieldMap(value), 1), order: 'pk' })),
  }),
  CommandGetCrossReference: metadataCommand('CommandGetCrossReference', {
    schema: referencesSchema,
    async columns(context, value) {
      const fields = fieldMap(value);
      const [pk, fk] = [tableOf(fields, 1), tableOf(fields, 4)];
      return referenceColumns(await references(sessionOf(context), { pk, fk, order: 'pk' }));
    },
  }),
};

/** Catalog, schema and table in three fields. */
const tableOf = (fields: Fields, first: number): TableReference => ({
  catalog: optionalTextOf(fields, first),
  dbSchema: optionalTextOf(fields, first + 1),
  table: textOf(fields, first + 2),
});

const names = (keys: readonly KeyColumn[]): Columns => [
  keys.map(({ catalog }) => catalog),
  keys.map(({ dbSchema }) => dbSchema),
  keys.map(({ table }) => table),
  keys.map(({ column }) => column),
];

const primaryKeyColumns = (keys: readonly KeyColumn[]): Columns => [
  ...names(keys),
  keys.map(({ sequence }) => sequence),
  keys.map(({ key }) => key),
];

const referenceColumns = (found: readonly ReferenceColumn[]): Columns => [
  ...names(found.map(({ pk }) => pk)),
  ...names(found.map(({ fk }) => fk)),
  found.map(({ fk }) => fk.sequence),
  found.map(({ fk }) => fk.key),
  found.map(({ pk }) => pk.key),
  found.map(() => noAction),
  found.map(() => noAction),
];
