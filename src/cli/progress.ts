import type { OutgoingBatch } from '../flight/index.ts';
import { type CommandContext, write } from './effects.ts';

export interface Progress {
  watch<T extends OutgoingBatch & { readonly rows: number }>(batches: AsyncIterable<T>): AsyncGenerator<T>;
  end(): Promise<void>;
}

const showAfterMs = 1000;
const everyMs = 200;
const sizeUnits = ['B', 'kB', 'MB', 'GB', 'TB'];

export function bytesText(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(sizeUnits.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${sizeUnits[step]}`;
}

/** Rows, bytes and rate on one line of a terminal, from the first second on. */
export function progressLine(
  { stderr, translator }: CommandContext,
  { file, quiet }: { readonly file: string; readonly quiet: boolean },
): Progress {
  const startedAt = Date.now();
  let rows = 0;
  let bytes = 0;
  let shown = false;
  const show = (): void => {
    shown = true;
    const rate = bytesText((bytes * 1000) / Math.max(1, Date.now() - startedAt));
    stderr.write(`\r\x1b[K${translator.t('ingest.progress', { file, rows, bytes: bytesText(bytes), rate })}`);
  };
  const timer =
    quiet || stderr.isTTY !== true
      ? undefined
      : setInterval(() => Date.now() - startedAt >= showAfterMs && show(), everyMs);
  timer?.unref();
  return {
    async *watch(batches) {
      for await (const batch of batches) {
        rows += batch.rows;
        bytes += batch.body.byteLength;
        yield batch;
      }
    },
    async end() {
      clearInterval(timer);
      if (shown) await write(stderr, '\r\x1b[K');
    },
  };
}
