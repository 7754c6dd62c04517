import { existsSync } from 'node:fs';
import type { ArrowSchema } from '../arrow/index.ts';
import { type Config, readServerFile } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';
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

/** The server named, else the workspace's running one, else the workspace's database file; `create` allows a new file. */
export async function openTarget(config: Config, { create }: { readonly create: boolean }): Promise<Target> {
  const running = config.server === undefined ? readServerFile(config.stateDir) : undefined;
  const uri = config.server ?? running?.flight;
  if (uri !== undefined) {
    const { openFlightTarget } = await import('./flight-target.ts');
    return openFlightTarget(config, { uri, sharesFiles: running !== undefined });
  }
  if (!create && config.database !== ':memory:' && !existsSync(config.database)) {
    throw new DuckhouseError('NotFound', `no server runs and there is no database ${config.database}`, {
      id: 'database-missing',
      context: { database: config.database },
      hint: 'duckhouse up, or duckhouse ingest FILE',
    });
  }
  const { openLocalTarget } = await import('./local-target.ts');
  return openLocalTarget(config);
}
