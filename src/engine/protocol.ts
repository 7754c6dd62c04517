import type { ArrowField } from '../arrow/index.ts';
import { DuckhouseError, type ErrorContext, type ErrorKind, toDuckhouseError } from '../errors.ts';
import type { PendingChunk } from './encode/encoder.ts';
import type { Address } from './native/memory.ts';
import type { Layout } from './type-map.ts';
import type { ArrowParams, Params, StatementKind } from './types.ts';

/** Messages between the main thread and the workers. Handles are addresses, so any worker can go on with any of them. */
export interface WorkerData {
  readonly libraryPath: string;
  readonly database: Address;
  readonly sessionInit: readonly string[];
  /** Int32: number of tasks that wait for a worker; a count of wake-ups, to wait on; the last cursor's number. */
  readonly pressure: SharedArrayBuffer;
  /** Of a `DataClock`. */
  readonly clock: SharedArrayBuffer;
  /** Where connections are written down, for an engine whose thread may be ended. */
  readonly handles?: SharedArrayBuffer | undefined;
}

export const pressureWords = 3;

export interface ColumnPlan {
  readonly field: ArrowField;
  readonly layout: Layout;
}

export interface StatementHandle {
  readonly statement: Address;
  readonly kind: StatementKind;
  readonly returnsRows: boolean;
  /** Some statement of the script leaves settings, transactions or temporary objects on its connection. */
  readonly leavesState: boolean;
  readonly columns: readonly ColumnPlan[];
  /** False when the type of some column depends on a parameter. */
  readonly columnsKnown: boolean;
  readonly parameters: readonly string[];
  readonly parameterFields: readonly ArrowField[];
  readonly script: boolean;
  /** By the clock of the data. */
  readonly plannedAt: number;
}

export interface ResultHandle {
  /** A duckdb_result in malloc'ed memory; 0 when the statement gave no rows and all is released. */
  readonly result: Address;
  readonly kind: StatementKind;
  readonly returnsRows: boolean;
  readonly leavesState: boolean;
  readonly script: boolean;
  readonly columns: readonly ColumnPlan[];
  readonly rowsChanged: number | undefined;
  /** The statement, when it was kept: it is the reader's from now on. */
  readonly kept?: StatementHandle;
}

/** Where a result stands between two runs. */
export interface CursorState {
  /** Workers know a cursor again by its number. */
  readonly cursor: number;
  readonly result: Address;
  /** The columns' plans, for a worker that does not know them: serialized once, and only if the result is parked. */
  readonly plan: SharedArrayBuffer;
  readonly pending: readonly PendingChunk[];
  readonly exhausted: boolean;
  /** Bytes to aim at; the first batch is small for a fast first byte. */
  readonly target: number;
}

/** Slabs of a cursor: shared memory, and `states[0]` = closed, `states[1 + i]` = slab i is with the reader. */
export interface CursorSlabs {
  readonly slabs: readonly (SharedArrayBuffer | undefined)[];
  readonly states: SharedArrayBuffer;
  /** Of a record batch's body at most; undefined = the usual. */
  readonly batchBytes: number | undefined;
}

interface ExecuteParts {
  readonly sql: string;
  readonly params: Params | undefined;
  readonly arrowParams: ArrowParams | undefined;
  readonly slabs: CursorSlabs;
  readonly keep: boolean;
}

export type Request =
  /** The last one: the thread ends. */
  | { readonly op: 'end' }
  /** To the workers' own database, unless another is named. */
  | { readonly op: 'connect'; readonly to?: Pick<WorkerData, 'database' | 'sessionInit'> }
  | { readonly op: 'disconnect'; readonly connection: Address }
  | { readonly op: 'prepare'; readonly connection: Address; readonly sql: string }
  | {
      readonly op: 'inspect';
      readonly connection: Address;
      readonly sql: string;
      /** Those that queries may name. */
      readonly tableFunctions: readonly string[];
      /** Changes whenever somebody may have made or dropped a macro. */
      readonly catalogVersion: number;
    }
  | {
      readonly op: 'inspectAll';
      readonly connection: Address;
      readonly statements: readonly { readonly sql: string; readonly tableFunctions: readonly string[] }[];
      readonly catalogVersion: number;
    }
  /** Executes and goes on as `run`; the statement is the worker's from then on, unless `keep`. */
  | ({ readonly op: 'execute'; readonly connection: Address; readonly handle: StatementHandle } & ExecuteParts)
  | ({ readonly op: 'query'; readonly connection: Address } & ExecuteParts)
  /** Executes the statement, which stays the caller's, for each row. */
  | { readonly op: 'many'; readonly handle: StatementHandle; readonly sql: string; readonly params: ArrowParams }
  /** One statement without rows of its own; answered with the rows it changed. */
  | ({ readonly op: 'change' } & PlainRequest)
  /** A row by a prepared INSERT, or `sql` as it is where its values do not fit; answered with the rows it changed. */
  | {
      readonly op: 'insertRow';
      readonly connection: Address;
      readonly handle: StatementHandle;
      readonly sql: string;
      readonly values: readonly (number | string)[];
    }
  /** One CREATE, ALTER, DROP or end of a transaction. */
  | ({ readonly op: 'command' } & PlainRequest)
  | { readonly op: 'group'; readonly connection: Address; readonly statements: readonly string[] }
  | ({ readonly op: 'run'; readonly state: CursorState; readonly slabs: CursorSlabs } & HeldByCursor)
  | {
      readonly op: 'release';
      readonly statement: Address;
      readonly result: Address;
      readonly pending: readonly PendingChunk[];
      readonly transaction?: Address;
    };

interface PlainRequest {
  readonly connection: Address;
  readonly sql: string;
  /** A transaction is opened first. */
  readonly begin?: boolean | undefined;
}

/** What ends with a result. */
export interface HeldByCursor {
  readonly statement: Address;
  /** The connection whose transaction was begun for it alone; 0 for none. */
  readonly transaction: Address;
}

export interface BatchMessage {
  readonly slot: number;
  /** Present when the slot got new memory. */
  readonly slab: SharedArrayBuffer | undefined;
  readonly metadataLength: number;
  readonly bodyOffset: number;
  readonly bodyLength: number;
  readonly rows: number;
}

export interface ErrorMessage {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly id: string | undefined;
  readonly context: ErrorContext;
  readonly hint: string | undefined;
  readonly retryable: boolean;
}

/** How a run ended: `parked` results are gone on with, or released, by main. */
export type RunReply =
  | { readonly end: 'finished' }
  | ({ readonly end: 'parked'; readonly state: CursorState } & HeldByCursor);

export type Reply =
  | { readonly type: 'ready' }
  | { readonly type: 'started'; readonly started: ResultHandle }
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'batch'; readonly batch: BatchMessage; readonly more: boolean }
  | { readonly type: 'error'; readonly error: ErrorMessage };

/** An error as plain data: its class does not survive the way between threads. */
export function errorMessage(error: unknown): ErrorMessage {
  const { kind, message, id, context, hint, retryable } = toDuckhouseError(error);
  return { kind, message, id, context, hint, retryable };
}

export function rebuildError(error: ErrorMessage): DuckhouseError {
  const { kind, message, id, context, hint, retryable } = error;
  return new DuckhouseError(kind, message, {
    context,
    retryable,
    ...(id === undefined ? {} : { id }),
    ...(hint === undefined ? {} : { hint }),
  });
}
