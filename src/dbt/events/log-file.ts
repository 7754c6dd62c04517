import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

/** Full files kept: `dbt.log.1` is the newest. */
const keptFiles = 5;
/** Characters that wait to be written together. */
const pendingLength = 1 << 16;
/** How long they wait: to open the file after every statement would take a twentieth of what a view takes. */
const pendingMs = 50;

export interface LogFile {
  readonly add: (text: string) => void;
  /** Writes what waits. */
  readonly flush: () => void;
}

/**
 * `dbt.log` of a folder: what is given is added to it soon, at the latest when the process ends. A file that would get
 * larger than `maxBytes` is put aside; 0 = no limit.
 */
export function openLogFile(folder: string, maxBytes: number): LogFile {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'dbt.log');
  let pending = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    if (!unwritten.delete(flush)) return;
    clearTimeout(timer);
    const text = pending;
    pending = '';
    try {
      if (maxBytes > 0 && isFull(file, text, maxBytes)) putAside(file);
      appendFileSync(file, text);
    } catch {
      // The folder was removed meanwhile, e.g. by `clean`: there is no log to keep.
    }
  };
  const add = (text: string): void => {
    if (!unwritten.has(flush)) {
      if (!process.listeners('exit').includes(writeAll)) process.once('exit', writeAll);
      unwritten.add(flush);
      timer = setTimeout(flush, pendingMs).unref();
    }
    pending += text;
    if (pending.length >= pendingLength) flush();
  };
  return { add, flush };
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
