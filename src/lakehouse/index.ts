/**
 * The lakehouse room: one namespace of tables over the engine; query, put, list, describe. It knows no wire format.
 */

export { type KeyColumn, primaryKeys, type ReferenceColumn, references, type TableReference } from './keys.ts';
export { openLakehouse } from './lakehouse.ts';
export {
  listCatalogs,
  listDbSchemas,
  listRelations,
  type Relation,
  type RelationFilter,
  relationSchemas,
  tableTypes,
} from './metadata.ts';
export { parseTableName, quoteTable, showTable, systemCatalog, tableNameOf } from './names.ts';
export { queryColumns, queryRows, type Row, type Session } from './rows.ts';
export { transactionWord } from './sessions/commit.ts';
export { sessionLimits } from './sessions/limits.ts';
export { openSessions } from './sessions/open.ts';
export type {
  Session as ClientSession,
  SessionInfo,
  SessionLimits,
  SessionPutRequest,
  SessionQueryOptions,
  SessionStatement,
  SessionStore,
  SessionValue,
} from './sessions/types.ts';
export {
  openSystemTables,
  type SystemSetting,
  type SystemSources,
} from './system-tables.ts';
export type * from './types.ts';
export { putModes } from './types.ts';
