import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { DuckhouseError } from '../errors.ts';
import { decodeLz4Frame } from './lz4.ts';

/** CompressionType of Message.fbs. */
export type Codec = 'lz4Frame' | 'zstd';
const codecs: readonly Codec[] = ['lz4Frame', 'zstd'];

/** One buffer inflates to this at most. */
const maxBufferBytes = 2 ** 31 - 1;

export function codecOf(code: number): Codec {
  const codec = codecs[code];
  if (codec === undefined)
    throw new DuckhouseError('Unsupported', `Arrow body compression ${code} is not supported, only LZ4_FRAME and ZSTD`);
  return codec;
}

/** A compressed buffer: an int64 with the size it inflates to (-1: stored as it is), then the data. */
export function decompressBuffer(buffer: Uint8Array, codec: Codec): Uint8Array {
  if (buffer.byteLength === 0) return buffer;
  if (buffer.byteLength < 8)
    throw new DuckhouseError('DataInvalid', `a compressed Arrow buffer of ${buffer.byteLength} bytes has no length`);
  const declared = new DataView(buffer.buffer, buffer.byteOffset, 8).getBigInt64(0, true);
  const data = buffer.subarray(8);
  if (declared === -1n) return data;
  if (declared < 0n || declared > BigInt(maxBufferBytes)) {
    throw new DuckhouseError(
      'DataInvalid',
      `a compressed Arrow buffer declares ${declared} bytes, the limit is ${maxBufferBytes}`,
    );
  }
  return codec === 'lz4Frame' ? decodeLz4Frame(data, Number(declared)) : decodeZstd(data, Number(declared));
}

type ZstdDecompress = (data: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
/** In Node from 22.15 on. */
const nativeZstd = (zlib as unknown as { readonly zstdDecompressSync?: ZstdDecompress }).zstdDecompressSync;

function decodeZstd(data: Uint8Array, size: number): Uint8Array {
  const target = new Uint8Array(new ArrayBuffer(size));
  let written = 0;
  const append = (chunk: Uint8Array): void => {
    if (written + chunk.length > size)
      throw new DuckhouseError('DataInvalid', `a ZSTD buffer holds more than the ${size} bytes it declares`);
    target.set(chunk, written);
    written += chunk.length;
  };
  try {
    if (nativeZstd !== undefined) append(nativeZstd(data, { maxOutputLength: Math.max(size, 1) }));
    else new Decompress(append).push(Uint8Array.from(data), true);
  } catch (error) {
    if (error instanceof DuckhouseError) throw error;
    throw new DuckhouseError('DataInvalid', `malformed ZSTD buffer: ${(error as Error).message}`, { cause: error });
  }
  if (written !== size)
    throw new DuckhouseError('DataInvalid', `a ZSTD buffer holds ${written} bytes instead of the ${size} it declares`);
  return target;
}
