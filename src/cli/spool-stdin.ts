import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckhouseError } from '../errors.ts';
import { type FormatName, formatOfContent } from '../ingest/index.ts';
import type { CommandContext } from './effects.ts';

interface Outcome {
  readonly files: readonly string[];
  readonly error?: DuckhouseError;
}

export interface Spool {
  /** Its ending tells the format. */
  readonly file: string;
  /** The outcome with standard input called `-`, as it was asked for, not by the file that held it. */
  unnamed<T extends Outcome>(outcome: T): T;
  remove(): Promise<void>;
}

interface SpoolOptions {
  readonly format: FormatName | undefined;
  readonly as: 'table' | 'view';
}

/** Standard input as a file: types are told from all of it, so it is read twice. InvalidArgument for a view of it. */
export async function spoolStdin({ stdin, signal }: CommandContext, { format, as }: SpoolOptions): Promise<Spool> {
  if (as === 'view')
    throw new DuckhouseError('InvalidArgument', 'standard input is gone when a view reads it', {
      id: 'view-stdin',
      hint: 'load it: --as table',
    });
  const folder = await mkdtemp(path.join(tmpdir(), 'duckhouse-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const raw = path.join(folder, 'stdin');
    await pipeline(stdin, createWriteStream(raw), { signal });
    const file = `${raw}.${format ?? formatOfContent(await headOf(raw))}`;
    await rename(raw, file);
    return { file, remove, unnamed: (outcome) => unnamed(file, outcome) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function unnamed<T extends Outcome>(file: string, outcome: T): T {
  const files = outcome.files.map((one) => (one === file ? '-' : one));
  const { error } = outcome;
  if (error === undefined) return { ...outcome, files };
  const rename = <T>(value: T): T => (typeof value === 'string' ? (value.replaceAll(file, 'stdin') as T) : value);
  const { kind, message, context, id, hint, retryable } = error;
  const told = Object.fromEntries(Object.entries(context).map(([name, value]) => [name, rename(value)]));
  return {
    ...outcome,
    files,
    error: new DuckhouseError(kind, rename(message), { id, hint, context: told, retryable, cause: error }),
  };
}
