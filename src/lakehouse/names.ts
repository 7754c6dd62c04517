import { DuckhouseError } from '../errors.ts';
import { quoteName } from '../sql.ts';
import type { TableName } from './types.ts';

/** The database, in memory, that holds what the server tells of itself. */
export const systemCatalog = 'duckhouse_system';
/** The schema that holds our own tables. */
export const ownSchema = '_duckhouse';

export const quoteTable = ({ catalog, dbSchema, table }: TableName): string => quoteName(catalog, dbSchema, table);
export const showTable = ({ catalog, dbSchema, table }: TableName): string =>
  [catalog, dbSchema, table].filter((part) => part !== undefined).join('.');

/** `[table]`, `[schema, table]` or `[catalog, schema, table]`. InvalidArgument for anything else. */
export function tableNameOf(parts: readonly string[]): TableName {
  if (parts.length < 1 || parts.length > 3 || parts.some((part) => part === '' || part.includes('\0'))) {
    throw new DuckhouseError('InvalidArgument', `not a table name: ${JSON.stringify(parts)}`, {
      id: 'table-name-invalid',
      context: { name: parts.join('.') },
      hint: 'give the table, its schema and table, or catalog, schema and table',
    });
  }
  const [table, dbSchema, catalog] = parts.toReversed() as [string, string?, string?];
  return { table, ...(dbSchema === undefined ? {} : { dbSchema }), ...(catalog === undefined ? {} : { catalog }) };
}

/** Splits dotted SQL text such as `main."my table"` into its names. */
export function parseTableName(text: string): TableName {
  const parts = text.match(/"(?:[^"]|"")*"|[^.]+/g) ?? [];
  return tableNameOf(
    parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.trim())),
  );
}
