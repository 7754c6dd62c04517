import type { OutgoingBatch } from '../flight/index.ts';
import type { Translator } from '../messages/index.ts';
import { type CommandContext, write } from './effects.ts';

export interface Progress {
  watch<T extends OutgoingBatch & { readonly rows: number }>(batches: AsyncIterable<T>): AsyncGenerator<T>;
  end(): Promise<void>;
}

const showAfterMs = 1000;
const everyMs = 200;
const thousands = ['', 'k', 'M', 'G', 'T'];

/** 1.5 MB, 1,5 Mo. */
export function bytesText(bytes: number, { number, t }: Pick<Translator, 'number' | 't'>): string {
  const step = bytes < 1 ? 0 : Math.min(thousands.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${number(Math.round((bytes * 10) / 1000 ** step) / 10)} ${thousands[step]}${t('unit.byte')}`;
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
    const rate = bytesText((bytes * 1000) / Math.max(1, Date.now() - startedAt), translator);
    stderr.write(
      `\r\x1b[K${translator.t('ingest.progress', { file, rows, bytes: bytesText(bytes, translator), rate })}`,
    );
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
