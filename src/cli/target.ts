import type { ArrowSchema } from '../arrow/index.ts';
import type { FlightMessage, OutgoingBatch } from '../flight/index.ts';
import type { PutMode, Receipt, TableInfo } from '../lakehouse/index.ts';

/** Rows of a query: the schema, then batches whose memory is given back by `release`. */
export interface TargetResult {
  readonly schema: ArrowSchema;
  readonly messages: AsyncIterable<FlightMessage>;
  /** Known for statements without rows on a local database. */
  readonly rowsChanged: number | undefined;
}

export interface TargetPut {
  readonly table: string;
  /** Undefined = the server's own. */
  readonly mode: PutMode | undefined;
  readonly loadId: string | undefined;
  readonly schema: ArrowSchema;
  readonly batches: AsyncIterable<OutgoingBatch>;
  readonly signal: AbortSignal;
}

export interface TargetQueryOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
}

/** What a command works on: a running server, or the database file itself. */
export interface Target {
  readonly address: string;
  /** False when its files are not this machine's. */
  readonly sharesFiles: boolean;
  query(sql: string, options: TargetQueryOptions): Promise<TargetResult>;
  put(put: TargetPut): Promise<Receipt>;
  findLoad(loadId: string): Promise<Receipt | undefined>;
  listTables(): Promise<readonly TableInfo[]>;
  describeTable(name: string): Promise<TableInfo>;
  createView(name: string, sql: string, replace: boolean): Promise<TableInfo>;
  close(): Promise<void>;
}
