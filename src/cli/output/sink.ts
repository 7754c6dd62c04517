import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { write } from '../effects.ts';

/** Where a result goes. */
export interface Sink {
  readonly out: Writable;
  /** All of it is there. */
  close(): Promise<void>;
  /** It came to no end: what was there before is left. */
  discard(): Promise<void>;
}

/** Standard output, or a file that is written beside its place and put there when it is whole; devices and pipes as they are. */
export async function openSink(file: string | undefined, stdout: Writable): Promise<Sink> {
  if (file === undefined) return { out: stdout, close: () => write(stdout, ''), discard: async () => undefined };
  const place = await placeOf(file);
  const sink = writeTo(place, file);
  return {
    ...sink,
    async close() {
      await sink.close();
      if (place.written !== place.final) await rename(place.written, place.final);
    },
    async discard() {
      await sink.discard();
      if (place.written !== place.final) await rm(place.written, { force: true });
    },
  };
}

interface Place {
  readonly written: string;
  readonly final: string;
  /** Of the file that was there. */
  readonly mode: number | undefined;
}

async function placeOf(file: string): Promise<Place> {
  const final = await realpath(file).catch(() => file); // not there yet, or what is wrong with it is told when it is written
  const present = await stat(final).catch(() => undefined);
  if (present !== undefined && !present.isFile()) return { written: final, final, mode: undefined };
  const beside = `.${path.basename(final)}.${randomUUID().slice(0, 8)}`;
  return { written: path.join(path.dirname(final), beside), final, mode: present?.mode };
}

function writeTo({ written, mode }: Place, file: string): Sink {
  const out = createWriteStream(written, mode === undefined ? {} : { mode });
  out.once('error', (error) => Object.assign(error, { path: file })); // of a write it names none
  const done = finished(out);
  done.catch(() => undefined); // thrown by close
  return {
    out,
    async close() {
      out.end();
      await done;
    },
    async discard() {
      out.destroy();
      await done.catch(() => undefined);
    },
  };
}
