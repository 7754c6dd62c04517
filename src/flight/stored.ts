import { type ArrowSchema, buildBatch, type IpcMessage, readMessageHeader } from '../arrow/index.ts';
import type { QueryResult } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';

/** The result of a statement that has run: it never runs again. */
export interface Stored {
  readonly type: 'stored';
  readonly schema: ArrowSchema;
  readonly messages: readonly IpcMessage[];
  readonly rows: number;
  readonly bytes: number;
}

/** A stored result holds this much at most. */
const maxStoredBytes = 64 << 20;
const countingKinds: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy']);
const countSchema: ArrowSchema = {
  fields: [{ name: 'Count', type: { id: 'int', bitWidth: 64, signed: true }, nullable: true, children: [] }],
};

/** Reads a result to its end: its rows, the number of rows changed as DuckDB gives it, or nothing. */
export async function storeResult(result: QueryResult): Promise<Stored> {
  if (result.returnsRows) return storeRows(result);
  await result.close();
  if (result.rowsChanged === undefined || !countingKinds.has(result.kind))
    return { type: 'stored', schema: result.schema, messages: [], rows: 0, bytes: 0 };
  return storeCount(result.rowsChanged);
}

/** The one row that DuckDB answers a change of rows with. */
export function storeCount(rowsChanged: number): Stored {
  const batch = buildBatch(countSchema, [[BigInt(rowsChanged)]]);
  return { type: 'stored', schema: countSchema, messages: [batch], rows: 1, bytes: batch.body.byteLength };
}

async function storeRows(result: QueryResult): Promise<Stored> {
  const messages: IpcMessage[] = [];
  let rows = 0;
  let bytes = 0;
  for await (const batch of result.batches) {
    messages.push({ metadata: Uint8Array.from(batch.metadata), body: Uint8Array.from(batch.body) });
    rows += batch.rows;
    bytes += batch.body.byteLength;
    batch.release();
    if (bytes > maxStoredBytes)
      throw new DuckhouseError('ResourceExhausted', `the statement returns more than ${maxStoredBytes} bytes of rows`, {
        id: 'stored-result-too-large',
      });
  }
  return { type: 'stored', schema: result.schema, messages, rows, bytes };
}

/** One of `parts` parts of a stored result: they follow each other without a gap. */
export function partOf(stored: Stored, part = 0, parts = 1): Stored {
  const { messages } = stored;
  const cut = (at: number): number => Math.floor((messages.length * at) / parts);
  if (parts === 1) return stored;
  const own = messages.slice(cut(part), cut(part + 1));
  return {
    ...stored,
    messages: own,
    rows: own.reduce((sum, { metadata }) => sum + readMessageHeader(metadata).rows, 0),
  };
}
