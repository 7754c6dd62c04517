import { DuckhouseError } from '../../errors.ts';
import { findBody } from '../proto/flight-data.ts';

/** One gRPC message in shared memory; `release` gives it back for reuse. */
export interface AssembledMessage {
  readonly bytes: Uint8Array;
  release(): void;
}

export interface Assembler {
  /** Takes the next bytes of the stream. Throws on a message that is too large or compressed. */
  push(chunk: Uint8Array): void;
  /** Throws when the stream ended inside a message. */
  end(): void;
}

export interface AssemblerOptions {
  readonly maxMessageBytes: number;
  readonly onMessage: (message: AssembledMessage) => void;
}

/** Before each message: whether it is compressed, and its length. */
export const prefixBytes = 5;
const alignment = 64;
/** The body of a FlightData begins within this much, or lies where it falls. */
const maxHeadBytes = 64 << 10;
const noBytes = new Uint8Array(0);

/**
 * gRPC messages out of a byte stream. Each is copied once, into shared memory, so placed that the body of a FlightData lies
 * 64-byte aligned: DuckDB can then read it where it is.
 */
export function createAssembler({ maxMessageBytes, onMessage }: AssemblerOptions): Assembler {
  const prefix = Buffer.alloc(prefixBytes);
  let prefixFilled = 0;
  let length = 0;
  let target: Uint8Array | undefined;
  let buffer: SharedArrayBuffer | undefined;
  let filled = 0;
  /** First bytes of a message that do not tell yet where its body begins. */
  let head: Uint8Array = noBytes;

  const readPrefix = (chunk: Uint8Array): number => {
    const count = Math.min(prefixBytes - prefixFilled, chunk.byteLength);
    prefix.set(chunk.subarray(0, count), prefixFilled);
    prefixFilled += count;
    if (prefixFilled === prefixBytes) length = messageLength(prefix, maxMessageBytes);
    return count;
  };

  /** Undefined: more bytes are needed to place it. */
  const begin = (rest: Uint8Array): Uint8Array | undefined => {
    const start = rest.subarray(0, length);
    const body = findBody(start);
    if (body === undefined && start.byteLength < Math.min(length, maxHeadBytes)) return undefined;
    const shift = (alignment - ((body ?? 0) % alignment)) % alignment;
    buffer = takeBuffer(length + alignment);
    return new Uint8Array(buffer, shift, length);
  };

  const finish = (bytes: Uint8Array): void => {
    const memory = buffer as SharedArrayBuffer;
    let released = false;
    target = undefined;
    prefixFilled = 0;
    filled = 0;
    onMessage({
      bytes,
      release() {
        if (!released) giveBuffer(memory);
        released = true;
      },
    });
  };

  return {
    push(chunk) {
      let rest = chunk;
      for (;;) {
        if (prefixFilled < prefixBytes) rest = rest.subarray(readPrefix(rest));
        if (prefixFilled < prefixBytes) return;
        if (target === undefined) {
          if (head.byteLength > 0) rest = Buffer.concat([head, rest]);
          head = noBytes;
          target = begin(rest);
          if (target === undefined) {
            head = Buffer.from(rest);
            return;
          }
        }
        const count = Math.min(rest.byteLength, target.byteLength - filled);
        target.set(rest.subarray(0, count), filled);
        filled += count;
        rest = rest.subarray(count);
        if (filled < target.byteLength) return;
        finish(target);
      }
    },
    end() {
      if (prefixFilled > 0) throw cutShort();
    },
  };
}

/** The length that a message's prefix tells. Throws for one that is too large or compressed. */
export function messageLength(prefix: Buffer, maxMessageBytes: number): number {
  if (prefix[0] !== 0) throw new DuckhouseError('Unsupported', 'compressed gRPC messages are not supported');
  const length = prefix.readUInt32BE(1);
  if (length <= maxMessageBytes) return length;
  throw new DuckhouseError(
    'ResourceExhausted',
    `a gRPC message of ${length} bytes is over the limit of ${maxMessageBytes}`,
    { id: 'message-too-large', context: { length, limit: maxMessageBytes } },
  );
}

export const cutShort = (): DuckhouseError =>
  new DuckhouseError('DataInvalid', 'the stream ended inside a gRPC message', { id: 'message-truncated' });

/**
 * Shared memory kept for the next messages, by size: powers of two from 4 KiB on. All of it is kept while messages come: the garbage
 * collector does not see how large these buffers are, and would leave those thrown away for long.
 */
const kept = new Map<number, SharedArrayBuffer[]>();
const largestKept = 16 << 20;
const idleMs = 5000;
let idle: NodeJS.Timeout | undefined;

function takeBuffer(bytes: number): SharedArrayBuffer {
  const size = Math.max(4096, 2 ** Math.ceil(Math.log2(bytes)));
  // Doubling would waste too much of a large one, and large ones are rarely alike.
  if (size > largestKept) return new SharedArrayBuffer(bytes);
  return kept.get(size)?.pop() ?? new SharedArrayBuffer(size);
}

function giveBuffer(buffer: SharedArrayBuffer): void {
  const size = buffer.byteLength;
  if (size > largestKept) return;
  const list = kept.get(size);
  if (list === undefined) kept.set(size, [buffer]);
  else list.push(buffer);
  idle ??= setTimeout(() => kept.clear(), idleMs).unref();
  idle.refresh();
}
