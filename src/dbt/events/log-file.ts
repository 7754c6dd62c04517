import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

/** Full files kept: `dbt.log.1` is the newest. */
const keptFiles = 5;
/** Characters that wait to be written together. */
const pendingLength = 1 << 16;

/**
 * `dbt.log` of a folder: what is given is added to it soon, at the latest when the process ends. A file that would get
 * larger than `maxBytes` is put aside; 0 = no limit.
 */
export function openLogFile(folder: string, maxBytes: number): (text: string) => void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'dbt.log');
  let pending = '';
  const flush = (): void => {
    unwritten.delete(flush);
    const text = pending;
    pending = '';
    try {
      if (maxBytes > 0 && isFull(file, text, maxBytes)) putAside(file);
      appendFileSync(file, text);
    } catch {
      // The folder was removed meanwhile, e.g. by `clean`: there is no log to keep.
    }
  };
  return (text) => {
    if (!unwritten.has(flush)) {
      if (!process.listeners('exit').includes(writeAll)) process.once('exit', writeAll);
      unwritten.add(flush);
      setImmediate(() => {
        if (unwritten.has(flush)) flush();
      });
    }
    pending += text;
    if (pending.length >= pendingLength) flush();
  };
}

function isFull(file: string, text: string, maxBytes: number): boolean {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return size > 0 && size + Buffer.byteLength(text) >= maxBytes;
}

function putAside(file: string): void {
  for (let at = keptFiles; at > 0; at--) {
    const from = at === 1 ? file : `${file}.${at - 1}`;
    if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${file}.${at}`);
  }
}

/** Logs with lines that are not in their files yet. */
const unwritten = new Set<() => void>();

function writeAll(): void {
  for (const flush of [...unwritten]) flush();
}
