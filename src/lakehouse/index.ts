/**
 * The lakehouse room: one namespace of tables over the engine; query, put, list, describe. It knows no wire format.
 */

export { openLakehouse } from './lakehouse.ts';
export { parseTableName, quoteTable, showTable, tableNameOf } from './names.ts';
export { queryRows, type Row } from './rows.ts';
export type * from './types.ts';
export { putModes } from './types.ts';
