import { createReadStream } from 'node:fs';
import { decodeSchema, type IpcMessage, readIpcStream, readMessageHeader } from '../arrow/index.ts';
import { type Engine, openEngine } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { OutgoingBatch } from '../flight/index.ts';
import {
  csvError,
  expandFiles,
  type FormatName,
  formatOf,
  formatOfFile,
  hivePlace,
  loadIdOf,
  type ReadOptions,
  readerError,
  tableNameOfFile,
} from '../ingest/index.ts';
import type { PutMode, Receipt, Session } from '../lakehouse/index.ts';
import { toCommandError } from './command-error.ts';
import type { CommandContext } from './effects.ts';
import { announce, type IngestOutcome, printOutcomes, shown } from './ingest-told.ts';
import { openTarget } from './open-target.ts';
import { progressLine } from './progress.ts';
import { spoolStdin } from './spool-stdin.ts';
import type { Target } from './target.ts';
import { markTold } from './told.ts';

export interface IngestCommandOptions {
  readonly files: readonly string[];
  readonly table: string | undefined;
  readonly mode: PutMode | undefined;
  readonly as: 'table' | 'view';
  readonly format: FormatName | undefined;
  readonly read: ReadOptions;
  readonly loadId: string | undefined;
  readonly again: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Files that go into one table. */
interface Job {
  readonly files: readonly string[];
  readonly table: string;
  readonly format: FormatName;
}

/** `duckhouse ingest`: loads, prints the receipts, and throws the first error when anything failed. */
export async function ingestCommand(context: CommandContext, options: IngestCommandOptions): Promise<void> {
  const target = await openTarget(context.config, { create: true });
  try {
    const outcomes = await ingestFiles(context, target, options);
    if (outcomes.length === 0) throw noFiles(options.files.join(', '));
    await printOutcomes(context, outcomes, options.json);
    const failed = outcomes.find(({ error }) => error !== undefined);
    if (failed?.error !== undefined) throw options.json ? markTold(failed.error) : failed.error;
  } finally {
    await target.close();
  }
}

const noFiles = (pattern: string): DuckhouseError =>
  new DuckhouseError('NotFound', `no files match ${pattern}`, { id: 'no-files', context: { pattern } });

/** Loads every file; one that fails does not stop the others. */
export async function ingestFiles(
  context: CommandContext,
  target: Target,
  options: IngestCommandOptions,
): Promise<IngestOutcome[]> {
  const spool = options.files.includes('-') ? await spoolStdin(context, options) : undefined;
  if (spool === undefined) return loadAll(context, target, options);
  try {
    const files = options.files.map((file) => (file === '-' ? spool.file : file));
    return (await loadAll(context, target, { ...options, files })).map(spool.unnamed);
  } finally {
    await spool.remove();
  }
}

async function loadAll(
  context: CommandContext,
  target: Target,
  options: IngestCommandOptions,
): Promise<IngestOutcome[]> {
  const engine = await openEngine({ database: ':memory:' });
  try {
    const files = await expandFiles(options.files);
    const outcomes: IngestOutcome[] = [];
    for (const job of planJobs(context, files, options))
      outcomes.push(await runJob({ context, target, engine, options }, job));
    return outcomes;
  } finally {
    await engine.close();
  }
}

/** With a table name all files go there, else each into a table of its own name, those of a partitioned folder into the folder's. */
function planJobs(
  { config }: CommandContext,
  files: readonly string[],
  { table, format }: IngestCommandOptions,
): Job[] {
  const name = table ?? (files.length === 1 ? config.flightTableName : undefined);
  const formatFor = (file: string): FormatName => format ?? formatOfFile(file);
  if (name === undefined) return tablesOf(files, formatFor);
  const formats = [...new Set(files.map(formatFor))];
  if (formats.length > 1)
    throw new DuckhouseError(
      'InvalidArgument',
      `files of different formats cannot go into one table: ${formats.join(', ')}`,
      { id: 'mixed-formats', context: { formats } },
    );
  return formats.map((one) => ({ files, table: name, format: one }));
}

function tablesOf(files: readonly string[], formatFor: (file: string) => FormatName): Job[] {
  const jobs = new Map<string, Job & { readonly files: string[] }>();
  for (const file of files) {
    const source = hivePlace(file)?.table ?? file;
    const format = formatFor(file);
    const key = `${format} ${source}`;
    if (!jobs.has(key)) jobs.set(key, { files: [], table: tableNameOfFile(source), format });
    jobs.get(key)?.files.push(file);
  }
  return [...jobs.values()];
}

interface JobContext {
  readonly context: CommandContext;
  readonly target: Target;
  readonly engine: Engine;
  readonly options: IngestCommandOptions;
}

async function runJob(on: JobContext, job: Job): Promise<IngestOutcome> {
  const { files, table } = job;
  try {
    if (on.options.as === 'view') {
      await makeView(on, job);
      return { files, table, view: true };
    }
    return { files, table, receipt: await loadJob(on, job) };
  } catch (error) {
    const named = readerError({ read: [], shown: files }, csvError(files[0] as string, error));
    return { files, table, error: toCommandError(named) };
  }
}

/** Its statements end with Ctrl-C: of a large file the types alone take a while. */
const heard = (engine: Engine, { signal }: CommandContext): Session => ({
  query: (sql, options) => engine.query(sql, { signal, ...options }),
});

async function makeView(
  { context, target, engine, options }: JobContext,
  { files, table, format }: Job,
): Promise<void> {
  if (!target.sharesFiles)
    throw new DuckhouseError(
      'InvalidArgument',
      'a view needs files that the server can read, and this server is elsewhere',
      { id: 'view-remote', hint: 'load them: --as table' },
    );
  if (format === 'arrow')
    throw new DuckhouseError('Unsupported', 'DuckDB cannot read Arrow files in a view', {
      hint: 'load them: --as table',
    });
  const scan = await formatOf(format).scan(heard(engine, context), files, { ...options.read, inPlace: true });
  await announce(context, { files, format, scan });
  await target.createView(table, scan.sql, options.mode !== 'create');
}

async function loadJob(on: JobContext, job: Job): Promise<Receipt> {
  const { context, target, options } = on;
  const { files, table, format } = job;
  const settings = {
    table,
    mode: options.mode ?? context.config.putMode,
    read: { ...options.read, columns: [...options.read.columns] },
  };
  const loadId =
    options.loadId ?? (options.again ? undefined : await loadIdOf(files, { salt: settings, signal: context.signal }));
  const earlier = loadId === undefined ? undefined : await target.findLoad(loadId);
  if (earlier !== undefined) return earlier;
  const source = format === 'arrow' ? await arrowSource(files) : await scannedSource(on, job);
  const progress = progressLine(context, { file: shown(files), quiet: options.quiet });
  try {
    return await target.put({
      table,
      mode: options.mode ?? (target.sharesFiles ? context.config.putMode : undefined),
      loadId,
      schema: source.schema,
      batches: progress.watch(source.batches),
      signal: context.signal,
    });
  } finally {
    await progress.end();
    await source.close();
  }
}

interface Source {
  readonly schema: Parameters<Target['put']>[0]['schema'];
  readonly batches: AsyncIterable<OutgoingBatch & { readonly rows: number }>;
  close(): Promise<void>;
}

async function scannedSource({ context, engine, options }: JobContext, { files, format }: Job): Promise<Source> {
  const scan = await formatOf(format).scan(heard(engine, context), files, options.read);
  await announce(context, { files, format, scan });
  try {
    const result = await engine.query(scan.sql, { signal: context.signal });
    const close = async (): Promise<void> => {
      await result.close();
      await scan.close?.();
    };
    return { schema: result.schema, batches: result.batches, close };
  } catch (error) {
    await scan.close?.();
    throw error;
  }
}

async function arrowSource(files: readonly string[]): Promise<Source> {
  const streams = files.map((file) =>
    readIpcStream(createReadStream(file, { highWaterMark: 1 << 20 }))[Symbol.asyncIterator](),
  );
  const firsts = await Promise.all(streams.map((stream) => stream.next()));
  const schemas = firsts.map((first) => decodeSchema((first.value as IpcMessage).metadata));
  const schema = schemas[0] as Source['schema'];
  if (new Set(schemas.map((one) => JSON.stringify(one.fields.map(({ name, type }) => [name, type])))).size > 1)
    throw new DuckhouseError('InvalidArgument', 'Arrow files of different schemas cannot go into one table');
  async function* batches() {
    for (const stream of streams)
      for await (const message of { [Symbol.asyncIterator]: () => stream })
        yield { ...message, rows: readMessageHeader(message.metadata).rows };
  }
  return {
    schema,
    batches: batches(),
    close: async () => void (await Promise.all(streams.map((stream) => stream.return(undefined)))),
  };
}

/** `name:TYPE` pairs of --column. */
export function parseColumns(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair) => {
      const colon = pair.lastIndexOf(':');
      const type = pair.slice(colon + 1).trim();
      if (colon < 1 || !/^[A-Za-z][\w (),[\]]*$/.test(type))
        throw new DuckhouseError('InvalidArgument', `--column takes name:TYPE, not "${pair}"`, {
          id: 'column-invalid',
          context: { pair },
        });
      return [pair.slice(0, colon), type] as const;
    }),
  );
}
