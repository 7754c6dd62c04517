import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DuckhouseError } from '../errors.ts';
import { type Compression, checkCompressed, compressionOf } from './compressed.ts';
import { type FoundEncoding, givenEncoding, sniffEncoding } from './encoding.ts';
import { hasMixedNewlines, plainNewlines } from './newlines.ts';

export interface TextFile {
  /** What DuckDB is to read. */
  readonly path: string;
  /** The file it was made from, for people. */
  readonly name: string;
  readonly encoding: string;
  /** The first bytes of its text, in UTF-8; undefined where they cannot be had without DuckDB. */
  readonly head: Buffer | undefined;
  /** The head is the whole text. */
  readonly whole: boolean;
  readonly size: number;
  /** What DuckDB is to be told where it decodes the file itself. */
  readonly readAs?: string;
}

export interface TextFiles {
  readonly files: readonly TextFile[];
  /** Removes what was made for them. */
  close(): Promise<void>;
}

export interface TextFileOptions {
  readonly encoding: string | undefined;
  /** False when the files are to be read where they are, as by a view: those that DuckDB cannot read are refused. */
  readonly copies: boolean;
  /** Lines end in one way: DuckDB's reader of CSV takes no other. */
  readonly oneNewline?: boolean;
  /** DuckDB's reader of JSON takes no byte order mark. */
  readonly noMark?: boolean;
}

const headBytes = 256 << 10;
/** Those that DuckDB decodes, by the names of TextDecoder. */
const duckdbEncodings: Readonly<Record<string, string>> = { 'utf-16le': 'utf-16', 'windows-1252': 'latin-1' };

/** Text files as DuckDB can read them, in UTF-8: others are decoded into temporary files. DataInvalid for what is no text or empty. */
export async function openTextFiles(files: readonly string[], options: TextFileOptions): Promise<TextFiles> {
  let folder: string | undefined;
  const close = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  const place = async (name: string): Promise<string> => {
    folder ??= await mkdtemp(path.join(tmpdir(), 'duckhouse-'));
    return path.join(await mkdtemp(path.join(folder, 'f')), name);
  };
  try {
    const opened: TextFile[] = [];
    for (const file of files) opened.push(await openTextFile(file, { ...options, place }));
    return { files: opened, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Opening = TextFileOptions & { readonly place: (name: string) => Promise<string> };

async function openTextFile(
  file: string,
  { encoding: wanted, copies, oneNewline, noMark, place }: Opening,
): Promise<TextFile> {
  const raw = await readHead(file);
  if (raw.size === 0) throw empty(file);
  const compression = compressionOf(raw.head);
  const { head, whole } =
    compression === undefined
      ? { head: raw.head, whole: raw.size <= headBytes }
      : await checkCompressed(file, compression, headBytes);
  const encoding: FoundEncoding =
    wanted !== undefined
      ? givenEncoding(wanted, head ?? Buffer.alloc(0))
      : head === undefined
        ? { shown: 'utf-8', decoder: 'utf-8' }
        : sniffEncoding(file, head);
  const text = head === undefined ? undefined : utf8Head(head, encoding);
  if (whole && text?.toString('utf8').trim() === '') throw empty(file);
  const told = { name: file, encoding: encoding.shown, head: text, whole, size: raw.size };
  const isUtf8 = encoding.decoder === 'utf-8';
  const mixed = oneNewline === true && text !== undefined && hasMixedNewlines(text);
  const marked = noMark === true && head !== undefined && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  if (isUtf8 && !mixed && !marked) return { ...told, path: await named(file, compression, { copies, place }) };
  const readAs = duckdbEncodings[encoding.decoder];
  if (!copies && readAs !== undefined && noMark !== true && !mixed) return { ...told, path: file, readAs };
  if (!copies) throw notInPlace(file, isUtf8 ? 'mixed line ends or a byte order mark' : encoding.shown);
  if (compression === 'zstd') throw notPacked(file, encoding.shown);
  const target = await place(path.basename(file).replace(/\.gz$/i, ''));
  await pipeline([
    createReadStream(file, { highWaterMark: 1 << 20 }),
    ...(compression === 'gzip' ? [createGunzip()] : []),
    ...(isUtf8 && !marked ? [] : [decoding(file, encoding)]),
    ...(mixed ? [plainNewlines()] : []),
    createWriteStream(target),
  ]);
  return { ...told, path: target };
}

/** DuckDB tells compression by the name. */
async function named(
  file: string,
  compression: Compression | undefined,
  { copies, place }: Pick<Opening, 'copies' | 'place'>,
): Promise<string> {
  const ending = compression === 'gzip' ? '.gz' : '.zst';
  if (compression === undefined || file.toLowerCase().endsWith(ending) || !copies) return file;
  const link = await place(`${path.basename(file)}${ending}`);
  await symlink(path.resolve(file), link);
  return link;
}

async function readHead(file: string): Promise<{ readonly head: Buffer; readonly size: number }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const length = Math.min(headBytes, size);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return { head: buffer.subarray(0, bytesRead), size };
  } finally {
    await handle.close();
  }
}

/** Without byte order mark. */
const utf8Head = (head: Buffer, { decoder }: FoundEncoding): Buffer =>
  decoder === 'utf-8' && head[0] !== 0xef ? head : Buffer.from(new TextDecoder(decoder).decode(head, { stream: true }));

function decoding(file: string, { decoder: name, shown }: FoundEncoding): Transform {
  const decoder = new TextDecoder(name, { fatal: true });
  const decode = (chunk: Buffer | undefined, done: (error: Error | null, text?: Buffer) => void): void => {
    let text: string;
    try {
      text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      return done(
        new DuckhouseError('DataInvalid', `${file} is not ${shown}`, {
          id: 'encoding-wrong',
          context: { file, encoding: shown },
          hint: '--encoding NAME',
        }),
      );
    }
    done(null, Buffer.from(text, 'utf8'));
  };
  return new Transform({
    transform: (chunk: Buffer, _, done) => decode(chunk, done),
    flush: (done) => decode(undefined, done),
  });
}

const empty = (file: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `file ${file} is empty`, { id: 'file-empty', context: { file } });

const notInPlace = (file: string, what: string): DuckhouseError =>
  new DuckhouseError('Unsupported', `a view cannot read ${file}: ${what}`, {
    id: 'view-encoding',
    context: { file, what },
    hint: 'load it: --as table',
  });

const notPacked = (file: string, encoding: string): DuckhouseError =>
  new DuckhouseError('Unsupported', `${file}: ${encoding} inside zstd cannot be read`, {
    id: 'zstd-encoding',
    context: { file, encoding },
    hint: 'unpack it first',
  });
