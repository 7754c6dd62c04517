import { arrayStructSize, schemaStructSize } from './c-data.ts';
import { koffi } from './koffi.ts';
import { type Address, addressOf, allocateBlock, memcpy, nativeNoop, readPointer, writePointer } from './memory.ts';

/** Where a stream's arrays come from. Both are called on this thread, in the middle of whatever DuckDB's threads do. */
export interface StreamSource {
  /** The next array, undefined at the end of the scan. DuckDB's threads wait meanwhile. What it throws fails the scan. */
  next(): NativeArray | undefined;
  /** DuckDB has let go of the array of this id: its memory may be reused. */
  released(id: number): void;
}

/** `id` is a positive number that no other array in use has. */
export interface NativeArray {
  readonly id: number;
  readonly address: Address;
}

/**
 * An ArrowArrayStream. DuckDB's threads call back into this thread's event loop: the statement that reads it runs by an
 * asynchronous call, or the callbacks could not be answered.
 */
export interface NativeStream {
  readonly address: Address;
  close(): void;
}

interface StreamState {
  readonly schema: Address;
  readonly source: StreamSource;
}

const streams = new Map<number, StreamState>();
/** The streams whose arrays DuckDB holds. */
const holders = new Map<number, StreamSource>();
let lastId = 0;
const cell = allocateBlock(8);
const releaseSlot = 64;
const privateSlot = 72;
/** An ArrowArray whose release is null: the end of the stream. */
const endOfArrays = allocateBlock(arrayStructSize);
const noError = new Uint8Array(new ArrayBuffer(8));

function readAt(address: Address): number {
  memcpy(cell.address, address, 8);
  return readPointer(cell, 0);
}

function writeAt(address: Address, value: number): void {
  writePointer(cell, 0, value);
  memcpy(address, cell.address, 8);
}

/** DuckDB copies the struct: private_data tells which stream it was. */
const stateOf = (stream: number | bigint): StreamState | undefined => streams.get(readAt(Number(stream) + 32));

const getSchema = (stream: number | bigint, out: number | bigint): number => {
  const state = stateOf(stream);
  if (state === undefined) return 1;
  memcpy(Number(out), state.schema, schemaStructSize);
  return 0;
};

const getNext = (stream: number | bigint, out: number | bigint): number => {
  const target = Number(out);
  const state = stateOf(stream);
  if (state === undefined) return 1;
  try {
    const array = state.source.next();
    memcpy(target, array?.address ?? endOfArrays.address, arrayStructSize);
    if (array === undefined) return 0;
    holders.set(array.id, state.source);
    writeAt(target + releaseSlot, callbacks().release);
    writeAt(target + privateSlot, array.id);
    return 0;
  } catch {
    return 1; // the source has kept what went wrong
  }
};

const release = (array: number | bigint): void => {
  const id = readAt(Number(array) + privateSlot);
  writeAt(Number(array) + releaseSlot, 0);
  const source = holders.get(id);
  holders.delete(id);
  source?.released(id);
};

const callbackType = koffi.proto('int DuckhouseArrowCallback(uint64_t stream, uint64_t out)');
const errorType = koffi.proto('uint64_t DuckhouseArrowError(uint64_t stream)');
const arrayReleaseType = koffi.proto('void DuckhouseArrowArrayRelease(uint64_t array)');

interface Callbacks {
  readonly getSchema: Address;
  readonly getNext: Address;
  readonly lastError: Address;
  readonly release: Address;
}
let registered: Callbacks | undefined;

const register = (callback: (...args: never[]) => unknown, type: ReturnType<typeof koffi.proto>): Address =>
  Number(koffi.address(koffi.register(callback, koffi.pointer(type)) as never));

function callbacks(): Callbacks {
  registered ??= {
    getSchema: register(getSchema, callbackType),
    getNext: register(getNext, callbackType),
    lastError: register(() => addressOf(noError), errorType),
    release: register(release, arrayReleaseType),
  };
  return registered;
}

export function openStream(schema: Address, source: StreamSource): NativeStream {
  const { getSchema: schemaOf, getNext: next, lastError } = callbacks();
  const id = ++lastId;
  streams.set(id, { schema, source });
  const block = allocateBlock(40);
  [schemaOf, next, lastError, nativeNoop, id].forEach((value, i) => writePointer(block, i * 8, value));
  return { address: block.address, close: () => void streams.delete(id) };
}
