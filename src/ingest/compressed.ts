import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DuckhouseError } from '../errors.ts';

export type Compression = 'gzip' | 'zstd';

const zstdMagic = 0xfd2fb528;

/** What the first bytes of a file say. */
export function compressionOf(head: Buffer): Compression | undefined {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.length >= 4 && (head.readUInt32LE(0) === zstdMagic || isSkippable(head.readUInt32LE(0)))
    ? 'zstd'
    : undefined;
}

const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

export interface Unpacked {
  /** The first bytes of the text; undefined where they cannot be had without DuckDB. */
  readonly head: Buffer | undefined;
  /** The head is the whole text. */
  readonly whole: boolean;
}

/**
 * Makes sure that nothing of a compressed file is missing: DuckDB takes the end of a file that was cut off for the end of
 * its text. DataInvalid when something is.
 */
export const checkCompressed = (file: string, compression: Compression, headBytes: number): Promise<Unpacked> =>
  compression === 'gzip' ? checkGzip(file, headBytes) : checkZstd(file);

const broken = (file: string, what: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `${file} is damaged: ${what}`, {
    id: 'file-damaged',
    context: { file, what },
    hint: 'copy or download it again',
  });

async function checkGzip(file: string, headBytes: number): Promise<Unpacked> {
  const source = createReadStream(file, { highWaterMark: 1 << 20 });
  const unpacked = source.pipe(createGunzip({ chunkSize: 1 << 18 }));
  source.on('error', (error) => unpacked.destroy(error));
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of unpacked) {
      if (bytes < headBytes) parts.push(chunk as Buffer);
      bytes += (chunk as Buffer).byteLength;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') ? broken(file, code === 'Z_BUF_ERROR' ? 'its end is missing' : message) : error;
  } finally {
    source.destroy();
  }
  return { head: Buffer.concat(parts).subarray(0, headBytes), whole: bytes <= headBytes };
}

/** The frames of RFC 8878 are followed by their lengths; their content is DuckDB's to check. */
async function checkZstd(file: string): Promise<Unpacked> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    for (let at = 0; at < size; ) {
      at = await endOfFrame(handle, at);
      if (at > size) throw broken(file, 'its end is missing');
    }
  } catch (error) {
    throw error instanceof RangeError ? broken(file, 'its end is missing') : error;
  } finally {
    await handle.close();
  }
  return { head: undefined, whole: false };
}

async function endOfFrame(handle: FileHandle, start: number): Promise<number> {
  const head = await bytesAt(handle, start, 5);
  const magic = head.readUInt32LE(0);
  if (isSkippable(magic)) return start + 8 + (await bytesAt(handle, start + 4, 4)).readUInt32LE(0);
  if (magic !== zstdMagic) throw new RangeError('no frame');
  const descriptor = head[4] as number;
  const single = (descriptor & 32) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  let at = start + 5 + (single ? 0 : 1) + dictionary + contentSize;
  for (let last = false; !last; ) {
    const block = (await bytesAt(handle, at, 3)).readUIntLE(0, 3);
    last = (block & 1) === 1;
    at += 3 + (((block >>> 1) & 3) === 1 ? 1 : block >>> 3);
  }
  return at + ((descriptor & 4) !== 0 ? 4 : 0);
}

/** RangeError past the end of the file. */
async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new RangeError('past the end');
  return buffer;
}
