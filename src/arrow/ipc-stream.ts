import { DuckhouseError } from '../errors.ts';
import { openMessage } from './decode-schema.ts';
import { encapsulate, endOfStream } from './framing.ts';
import type { IpcMessage } from './types.ts';

const maxMetadataBytes = 256 * 2 ** 20;
const maxBodyBytes = 4 * 2 ** 30;
const fileMagic = 'ARROW1';
const continuation = 0xffffffff;

/**
 * The messages of an Arrow IPC stream or file, the schema first. Bodies lie 64-byte aligned in shared memory of their own.
 * DataInvalid, with the byte position, when the source ends too early or is no Arrow data.
 */
export async function* readIpcStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<IpcMessage> {
  const reader = createReader(source);
  try {
    await skipFileMagic(reader);
    for (let first = true; ; first = false) {
      const metadata = await readMetadata(reader, first);
      if (metadata === undefined) return;
      const { bodyLength } = openMessage(metadata);
      if (bodyLength > maxBodyBytes) throw invalid(`a body of ${bodyLength} bytes`, reader.position());
      yield { metadata, body: await readBody(reader, bodyLength) };
    }
  } finally {
    await reader.close();
  }
}

const invalid = (what: string, position: number): DuckhouseError =>
  new DuckhouseError('DataInvalid', `not an Arrow IPC stream: ${what} at byte ${position}`, {
    id: 'arrow-stream-invalid',
    context: { what, position },
  });

interface ByteReader {
  position(): number;
  /** Up to `length` bytes without taking them. */
  peek(length: number): Promise<Uint8Array>;
  /** Fills the target; false when the source was at its end, an error when it ends in between. */
  fill(target: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

function createReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  let taken = 0;

  const more = async (): Promise<boolean> => {
    const next = await iterator.next();
    if (next.done === true) return false;
    chunk = chunk.byteLength === 0 ? next.value : Buffer.concat([chunk, next.value]);
    return true;
  };
  const copyFrom = (target: Uint8Array, filled: number): number => {
    const count = Math.min(chunk.byteLength, target.byteLength - filled);
    target.set(chunk.subarray(0, count), filled);
    chunk = chunk.subarray(count);
    taken += count;
    return count;
  };
  return {
    position: () => taken,
    async peek(length) {
      while (chunk.byteLength < length && (await more()));
      return chunk.subarray(0, length);
    },
    async fill(target) {
      let filled = copyFrom(target, 0);
      while (filled < target.byteLength) {
        if (!(await more())) {
          if (filled === 0) return false;
          throw invalid(`the data ends, ${target.byteLength - filled} bytes are missing`, taken);
        }
        filled += copyFrom(target, filled);
      }
      return true;
    },
    async close() {
      await iterator.return?.();
    },
  };
}

/** An IPC file is the stream between two magics, its footer after it. */
async function skipFileMagic(reader: ByteReader): Promise<void> {
  const start = await reader.peek(8);
  if (Buffer.from(start).toString('latin1').startsWith(fileMagic)) await reader.fill(new Uint8Array(8));
}

async function readMetadata(reader: ByteReader, first: boolean): Promise<Uint8Array | undefined> {
  const word = new Uint8Array(4);
  const view = new DataView(word.buffer);
  if (!(await reader.fill(word))) {
    if (first) throw invalid('no data', 0);
    return undefined;
  }
  if (view.getUint32(0, true) === continuation && !(await reader.fill(word)))
    throw invalid('the data ends in a message header', reader.position());
  const length = view.getInt32(0, true);
  if (length === 0) return undefined;
  if (length < 0 || length > maxMetadataBytes) throw invalid(`a message header of ${length} bytes`, reader.position());
  const metadata = new Uint8Array(length);
  if (!(await reader.fill(metadata))) throw invalid('the data ends in a message header', reader.position());
  return metadata;
}

async function readBody(reader: ByteReader, length: number): Promise<Uint8Array> {
  const body = new Uint8Array(new SharedArrayBuffer(length));
  if (length > 0 && !(await reader.fill(body)))
    throw invalid(`the data ends, a body of ${length} bytes is missing`, reader.position());
  return body;
}

/** The bytes of an IPC stream: what `readIpcStream` reads. Each chunk is a copy. */
export async function* writeIpcStream(
  schema: Uint8Array,
  messages: AsyncIterable<IpcMessage & { release?(): void }>,
): AsyncGenerator<Uint8Array> {
  yield encapsulate(schema);
  for await (const message of messages) {
    yield encapsulate(message.metadata);
    yield Uint8Array.from(message.body);
    message.release?.();
  }
  yield endOfStream;
}
