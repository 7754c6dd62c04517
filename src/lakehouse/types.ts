import type { ArrowSchema } from '../arrow/index.ts';
import type {
  Engine,
  LoadMessage,
  PreparedQuery,
  QueryOptions,
  QueryProgress,
  QueryResult,
  StatementGuard,
} from '../engine/index.ts';

/** One or two names (schema and table), or three with the catalog. Unquoted. */
export interface TableName {
  readonly catalog?: string;
  readonly dbSchema?: string;
  readonly table: string;
}

export type PutMode = 'create' | 'append' | 'replace' | 'create_append';
export const putModes: readonly PutMode[] = ['create', 'append', 'replace', 'create_append'];

export interface PutRequest {
  readonly table: TableName;
  readonly mode: PutMode;
  /** Repeating it returns the first receipt and writes nothing. */
  readonly loadId?: string;
  /** Bare flatbuffer Schema message. */
  readonly schema: Uint8Array;
  /** Dictionary and record batches in stream order. An error thrown by it rolls everything back. */
  readonly messages: AsyncIterable<LoadMessage>;
  readonly signal?: AbortSignal;
}

export interface Receipt {
  readonly rows: number;
  /** Dotted name as stored, e.g. `warehouse.main.flights`. */
  readonly table: string;
  readonly loadId: string;
  /** True when the load id had been loaded before and nothing was written. */
  readonly repeated: boolean;
}

export interface TableInfo {
  readonly catalog: string;
  readonly dbSchema: string;
  readonly name: string;
  readonly kind: 'table' | 'view';
  /** Exact for tables, undefined for views. */
  readonly rows: number | undefined;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
  readonly comment?: string;
  /** SQL of a view. */
  readonly sql?: string;
}

export interface DropOptions {
  readonly ifExists: boolean;
  readonly guard?: StatementGuard | undefined;
}

export interface Lakehouse {
  readonly engine: Engine;
  /** The catalog that names without one mean. */
  readonly catalog: string;
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  prepare(sql: string, options?: QueryOptions): Promise<PreparedQuery>;
  /** All or nothing, in one transaction with its entry in the ledger `_duckhouse.loads`. */
  put(request: PutRequest): Promise<Receipt>;
  /** The receipt of an earlier load, if there was one. */
  findLoad(loadId: string): Promise<Receipt | undefined>;
  /** User tables and views, sorted by name; `_duckhouse` and system ones left out. */
  listTables(): Promise<readonly TableInfo[]>;
  /** NotFound with the nearest names when absent. */
  describeTable(name: TableName): Promise<TableInfo>;
  schemaOf(name: TableName): Promise<ArrowSchema>;
  createView(
    name: TableName,
    sql: string,
    options: { readonly replace: boolean; readonly guard?: StatementGuard | undefined },
  ): Promise<TableInfo>;
  drop(name: TableName, options: DropOptions): Promise<boolean>;
  /** Rebuilds a view over files (its file list and columns) so that new files are seen. */
  refresh(name: TableName): Promise<TableInfo>;
  progress(queryId?: string): readonly QueryProgress[];
  cancel(queryId: string): boolean;
  close(): Promise<void>;
}
