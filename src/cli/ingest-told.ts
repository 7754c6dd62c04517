import path from 'node:path';
import type { DuckhouseError } from '../errors.ts';
import type { Scan } from '../ingest/index.ts';
import type { Receipt } from '../lakehouse/index.ts';
import { type CommandContext, note, write } from './effects.ts';
import { formatTable, wholeCells } from './output/table.ts';

export interface IngestOutcome {
  readonly files: readonly string[];
  readonly table: string;
  readonly receipt?: Receipt;
  readonly view?: true;
  readonly error?: DuckhouseError;
}

/** Files by the name of the first. */
export const shown = (files: readonly string[]): string =>
  files.length === 1 ? path.basename(files[0] as string) : `${path.basename(files[0] as string)} … (${files.length})`;

const shownColumns = 50;
const shownLetters = 120;
const shorten = (text: string): string => (text.length > shownLetters ? `${text.slice(0, shownLetters)}…` : text);

interface Found {
  readonly files: readonly string[];
  readonly format: string;
  readonly scan: Scan;
}

/** Tells what was found out about the files, before they are loaded. */
export async function announce(context: CommandContext, { files, format, scan }: Found): Promise<void> {
  const { translator } = context;
  const { columns } = scan;
  const details = scan.found.map(([what, value = '']) => translator.t(`ingest.found.${what}`, { value })).join(', ');
  const file = shown(files);
  await note(context, translator.t('ingest.sniffed', { file, format, details }));
  if (columns.length === 0) return;
  const names = columns.slice(0, shownColumns).map(({ name, type }) => `${shorten(name)} ${shorten(type)}`);
  const more = columns.length - names.length;
  if (more > 0) names.push(translator.t('ingest.moreColumns', { count: more }));
  await note(context, translator.t('ingest.columns', { columns: names.join(', ') }));
}

/** A table on standard output, or one JSON document. */
export async function printOutcomes(
  { stdout, translator }: CommandContext,
  outcomes: readonly IngestOutcome[],
  json: boolean,
): Promise<void> {
  const failure = (error: DuckhouseError) => ({
    kind: error.kind,
    message: translator.error(error).message,
    hint: translator.error(error).hint,
  });
  if (json) {
    const rows = outcomes.map(({ files, table, receipt, view, error }) => ({
      files,
      table: receipt?.table ?? table,
      ...receipt,
      ...(view ? { view } : {}),
      ...(error === undefined ? {} : { error: failure(error) }),
    }));
    return write(stdout, `${JSON.stringify(rows)}\n`);
  }
  const result = ({ receipt, view, error }: IngestOutcome): string => {
    if (error !== undefined) return translator.t('ingest.failed', { message: translator.error(error).message });
    if (view) return translator.t('ingest.viewed');
    return translator.plural(receipt?.repeated ? 'ingest.repeated' : 'ingest.loaded', receipt?.rows ?? 0);
  };
  const columns = [translator.t('table.file'), translator.t('table.table'), translator.t('table.result')].map(
    (name) => ({ name, type: undefined, right: false }),
  );
  if (outcomes.length > 0)
    await write(
      stdout,
      formatTable(
        columns,
        outcomes.map((outcome) => [shown(outcome.files), outcome.receipt?.table ?? outcome.table, result(outcome)]),
        wholeCells,
      ),
    );
}
