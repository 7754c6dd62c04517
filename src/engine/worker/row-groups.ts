import { canJoin, joinBatches, type RecordBatch, type Rows } from '../../arrow/index.ts';
import { buildArray, type NativeStruct } from '../native/arrow-import.ts';

/**
 * Rows that wait to be loaded, handed on in the size of DuckDB's row groups: each thread then compresses a whole group, where
 * smaller batches are copied together first, which takes twice the time.
 */
export interface RowGroups {
  add(batch: RecordBatch, of: { readonly message: number; readonly bytes: number }): void;
  /** Whether `take` gives a whole group, or more than may wait is waiting. */
  ready(): boolean;
  empty(): boolean;
  /** The next group; `last` = no more comes, and what there is goes. Undefined when empty. */
  take(last: boolean): RowGroup | undefined;
  /** Messages of everything that waits, which is dropped. */
  clear(): number[];
}

export interface RowGroup {
  readonly array: NativeStruct;
  readonly rows: number;
  /** Messages whose rows have all been taken and copied. */
  readonly copied: readonly number[];
  /** The message that the group lies in, when it is no copy. */
  readonly message: number | undefined;
  /** Gives the group's memory back. */
  free(): void;
}

/** DuckDB's default row group. */
const rowGroupRows = 122_880;
/**
 * Messages that wait hold this much at most, be it that a few rows of them are left: rows so wide that a group needs more are
 * handed on as they came. The sender must be let go on for longer than that, or both would wait.
 */
const maxWaitingBytes = 24 << 20;
const blockGrain = 1 << 20;
const maxKeptBlocks = 4;

interface Waiting {
  readonly batch: RecordBatch;
  readonly message: number;
  readonly bytes: number;
  start: number;
}

const rowsLeft = ({ batch, start }: Waiting): number => batch.length - start;
const bytesOf = ({ bytes, batch }: Waiting, rows: number): number => (bytes * rows) / Math.max(1, batch.length);

export function createRowGroups(): RowGroups {
  const waiting: Waiting[] = [];
  const blocks: SharedArrayBuffer[] = [];
  let rows = 0;
  let bytes = 0;
  let joins = true;

  const takeBlock = (size: number): SharedArrayBuffer => {
    const at = blocks.findIndex((block) => block.byteLength >= size);
    const kept = at < 0 ? undefined : blocks.splice(at, 1)[0];
    return kept ?? new SharedArrayBuffer(Math.ceil(size / blockGrain) * blockGrain);
  };
  const giveBlock = (block: SharedArrayBuffer): void => {
    blocks.push(block);
    if (blocks.length > maxKeptBlocks) blocks.shift();
  };

  /** The rows of the next group. */
  const nextRows = (): Rows[] => {
    const parts: Rows[] = [];
    let missing = rowGroupRows;
    for (const one of waiting) {
      const count = Math.min(missing, rowsLeft(one));
      parts.push({ batch: one.batch, start: one.start, count });
      missing -= count;
      if (missing === 0) break;
    }
    return parts;
  };

  const asItCame = (): RowGroup => {
    const one = waiting.shift() as Waiting;
    rows -= one.batch.length;
    bytes -= one.bytes;
    const { batch, message } = one;
    return { array: buildArray(batch), rows: batch.length, copied: [], message, free: () => undefined };
  };

  const copyOf = (parts: readonly Rows[]): RowGroup | undefined => {
    const size = parts.reduce((sum, { count }, i) => sum + bytesOf(waiting[i] as Waiting, count), 0);
    const block = takeBlock(Math.ceil(size * 1.1) + 65_536);
    const joined = joinBatches(parts, bump(block));
    if (joined === undefined) return undefined;
    return {
      array: buildArray(joined),
      rows: joined.length,
      copied: takeOff(parts),
      message: undefined,
      free: () => giveBlock(block),
    };
  };

  /** Rows that were copied wait no longer; returns the messages that are used up. */
  const takeOff = (parts: readonly Rows[]): number[] => {
    const usedUp: number[] = [];
    for (const { count } of parts) {
      const one = waiting[0] as Waiting;
      rows -= count;
      one.start += count;
      if (rowsLeft(one) > 0) break;
      bytes -= one.bytes;
      usedUp.push(one.message);
      waiting.shift();
    }
    return usedUp;
  };

  const take = (last: boolean): RowGroup | undefined => {
    const [first] = waiting;
    if (first === undefined) return undefined;
    const whole = first.start === 0;
    if (!joins || (rows < rowGroupRows && !last)) return whole ? asItCame() : copyOf(nextRows().slice(0, 1));
    const alone = waiting.length === 1 && first.batch.length <= rowGroupRows;
    if (whole && (alone || first.batch.length === rowGroupRows)) return asItCame();
    const group = copyOf(nextRows());
    if (group !== undefined) return group;
    joins = false; // its dictionary changes from batch to batch
    return take(last);
  };

  return {
    add(batch, { message, bytes: size }) {
      joins = joins && canJoin(batch.schema);
      waiting.push({ batch, message, bytes: size, start: 0 });
      rows += batch.length;
      bytes += size;
    },
    ready: () => waiting.length > 0 && (!joins || rows >= rowGroupRows || bytes >= maxWaitingBytes),
    empty: () => waiting.length === 0,
    take,
    clear() {
      rows = 0;
      bytes = 0;
      return waiting.splice(0).map(({ message }) => message);
    },
  };
}

/** Memory out of one block, 64-byte aligned; when the block is too small, of its own. */
function bump(block: SharedArrayBuffer): (bytes: number) => Uint8Array {
  let used = 0;
  return (bytes) => {
    const start = used;
    if (start + bytes > block.byteLength) return new Uint8Array(new ArrayBuffer(bytes));
    used = (start + bytes + 63) & ~63;
    return new Uint8Array(block, start, bytes);
  };
}
