import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { DuckhouseError } from '../errors.ts';
import { type CommandContext, note } from './effects.ts';
import { openTarget } from './open-target.ts';
import { type OutputFormatName, outputFormat } from './output/formats.ts';
import { openSink } from './output/sink.ts';
import { bindParams, parseParams } from './params.ts';
import type { Target } from './target.ts';

export interface QueryCommandOptions {
  readonly sql: string | undefined;
  readonly file: string | undefined;
  readonly params: readonly string[];
  readonly format: OutputFormatName | undefined;
  readonly output: string | undefined;
  readonly limit: number | undefined;
  readonly all: boolean;
  readonly timeoutSeconds: number | undefined;
}

/** `duckhouse query`: SQL from the argument, a file or standard input; its result in the format asked for. */
export async function queryCommand(context: CommandContext, options: QueryCommandOptions): Promise<void> {
  const sql = bindParams(await readSql(context, options), parseParams(options.params));
  const target = await openTarget(context.config, { create: false });
  try {
    await printQuery(context, target, { ...options, sql });
  } finally {
    await target.close();
  }
}

async function readSql({ stdin, signal }: CommandContext, { sql, file }: QueryCommandOptions): Promise<string> {
  if (sql !== undefined && sql !== '-') return sql;
  if (file !== undefined) {
    return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw Object.assign(cause, { path: file }); // reading a folder names no path
      throw new DuckhouseError('NotFound', `cannot read ${file}`, { id: 'file-missing', context: { file }, cause });
    });
  }
  if (stdin.isTTY === true && sql !== '-')
    throw new DuckhouseError('InvalidArgument', 'no SQL given', {
      id: 'sql-missing',
      hint: 'duckhouse query "SELECT 42"',
    });
  return text(addAbortSignal(signal, stdin));
}

type PrintOptions = Pick<QueryCommandOptions, 'format' | 'output' | 'limit' | 'all' | 'timeoutSeconds'> & {
  readonly sql: string;
};

/** Runs one statement and prints its result; resolves with its rows. */
export async function printQuery(context: CommandContext, target: Target, options: PrintOptions): Promise<number> {
  const { stdout, signal, translator } = context;
  const timeoutMs = options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1000;
  const result = await target.query(options.sql, { signal, timeoutMs });
  if (result.schema.fields.length === 0) {
    for await (const message of result.messages) message.release();
    await note(
      context,
      result.rowsChanged === undefined ? translator.t('done') : translator.plural('rows.changed', result.rowsChanged),
    );
    return 0;
  }
  const name = options.format ?? (options.output === undefined && stdout.isTTY === true ? 'table' : 'ndjson');
  const print = await outputFormat(name);
  const sink = await openSink(options.output, stdout);
  const { limit, all } = options;
  try {
    const rows = await print({ ...result, out: sink.out, limit, all, translator, columns: stdout.columns });
    await sink.close();
    return rows;
  } catch (error) {
    await sink.discard();
    throw error;
  }
}
