import koffi from 'koffi';
import { arrayStructSize, schemaStructSize } from './c-data.ts';
import { type Address, addressOf, allocateBlock, memcpy, nativeNoop, readPointer, writePointer } from './memory.ts';

/**
 * An ArrowArrayStream whose data is all there: DuckDB's threads call back into this thread's event loop, which must never
 * wait. The statement that reads it runs by an asynchronous call, or the callbacks could not be answered.
 */
export interface NativeStream {
  readonly address: Address;
  /** Sets what the next scan reads. */
  setArrays(arrays: readonly Address[]): void;
  close(): void;
}

interface StreamState {
  readonly schema: Address;
  arrays: readonly Address[];
  next: number;
}

const streams = new Map<number, StreamState>();
let lastId = 0;
const cell = allocateBlock(8);
/** An ArrowArray whose release is null: the end of the stream. */
const endOfArrays = allocateBlock(arrayStructSize);
const noError = new Uint8Array(new ArrayBuffer(8));

function stateOf(stream: Address): StreamState | undefined {
  memcpy(cell.address, stream + 32, 8); // DuckDB copies the struct: private_data tells which stream it was
  return streams.get(readPointer(cell, 0));
}

const getSchema = (stream: number | bigint, out: number | bigint): number => {
  const state = stateOf(Number(stream));
  if (state === undefined) return 1;
  memcpy(Number(out), state.schema, schemaStructSize);
  return 0;
};

const getNext = (stream: number | bigint, out: number | bigint): number => {
  const state = stateOf(Number(stream));
  if (state === undefined) return 1;
  memcpy(Number(out), state.arrays[state.next] ?? endOfArrays.address, arrayStructSize);
  state.next++;
  return 0;
};

const callbackType = koffi.proto('int DuckhouseArrowCallback(uint64_t stream, uint64_t out)');
const errorType = koffi.proto('uint64_t DuckhouseArrowError(uint64_t stream)');
let callbacks: readonly [Address, Address, Address] | undefined;

const register = (callback: (...args: never[]) => unknown, type: ReturnType<typeof koffi.proto>): Address =>
  Number(koffi.address(koffi.register(callback, koffi.pointer(type)) as never));

export function openStream(schema: Address): NativeStream {
  callbacks ??= [
    register(getSchema, callbackType),
    register(getNext, callbackType),
    register(() => addressOf(noError), errorType),
  ];
  const id = ++lastId;
  const state: StreamState = { schema, arrays: [], next: 0 };
  streams.set(id, state);
  const block = allocateBlock(40);
  [...callbacks, nativeNoop, id].forEach((value, i) => writePointer(block, i * 8, value));
  return {
    address: block.address,
    setArrays(arrays) {
      state.arrays = arrays;
      state.next = 0;
    },
    close: () => void streams.delete(id),
  };
}
