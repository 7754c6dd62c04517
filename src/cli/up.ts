import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readServerFile } from '../config/index.ts';
import { maybeFormat } from '../ingest/index.ts';
import { toCommandError } from './command-error.ts';
import { type CommandContext, note, write } from './effects.ts';
import { ingestFiles } from './ingest.ts';
import { printOutcomes } from './ingest-told.ts';
import { listTables } from './ls.ts';
import { openTarget } from './open-target.ts';
import { printQuery } from './query.ts';
import { readyLine, startServer } from './serve.ts';
import type { Target } from './target.ts';

export interface UpCommandOptions {
  /** Stop when the job is done. */
  readonly exit: boolean;
  /** What the dbt project may read. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const interrupted = 130;

/** `duckhouse up`: serve, load `ingestion/data`, show what came of it, and keep serving. Resolves with the exit code. */
export async function upCommand(context: CommandContext, { exit, env }: UpCommandOptions): Promise<number> {
  const { config, translator, signal } = context;
  const running = readServerFile(config.stateDir);
  if (running !== undefined) await note(context, translator.t('up.using', { pid: running.pid }));
  const supervisor = running === undefined ? await startServer(context) : undefined;
  if (supervisor !== undefined) await write(context.stdout, readyLine(supervisor));
  const stopped = (): boolean => signal.aborted || supervisor?.isStopping() === true;
  const serving = !exit || supervisor === undefined;
  const ok = await attempt(context, () => job(context, { stopped, serving, env }));
  if (exit || supervisor === undefined || signal.aborted) {
    if (supervisor?.isStopping() === false) supervisor.stop();
    await supervisor?.done;
    return signal.aborted ? interrupted : ok ? 0 : 1;
  }
  if (!stopped()) await note(context, translator.t('up.stop'));
  return supervisor.done;
}

interface JobOptions {
  readonly stopped: () => boolean;
  /** The server is there after the job. */
  readonly serving: boolean;
  readonly env: UpCommandOptions['env'];
}

/** The main job; false when a part of it failed, which is told and does not stop the others. */
async function job(context: CommandContext, { stopped, serving, env }: JobOptions): Promise<boolean> {
  const parts = [loadData, dbtBuilder(env), showTables, runFirstQuery, serving ? tellNext : tellFiles];
  const target = await openTarget(context.config, { create: true });
  try {
    let ok = true;
    for (const part of parts) if (!stopped()) ok = (await attempt(context, () => part(context, target))) && ok;
    return ok;
  } finally {
    await target.close();
  }
}

async function attempt(context: CommandContext, part: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await part()) !== false;
  } catch (failure) {
    const { message, hint } = context.translator.error(toCommandError(failure));
    await note(context, context.translator.t('error', { message }));
    if (hint !== undefined) await note(context, context.translator.t('hint', { hint }));
    return false;
  }
}

const showTables = (context: CommandContext, target: Target): Promise<void> => listTables(context, target, false);

const dataFolder = path.join('ingestion', 'data');

/** The workspace's ingestion/data, or the folder itself when it has none: a folder of files is a workspace too. */
async function loadData(context: CommandContext, target: Target): Promise<boolean> {
  const { config, translator } = context;
  const conventional = path.join(config.workspace, dataFolder);
  const folder = config.csvPath ?? (existsSync(conventional) ? conventional : config.workspace);
  const files = await dataFiles(folder);
  if (files.length === 0) {
    await note(context, translator.t('ingest.none', { folder }));
    return true;
  }
  await note(context, translator.t('up.loading', { folder: path.relative(process.cwd(), folder) || folder }));
  const outcomes = await ingestFiles(context, target, {
    files,
    table: undefined,
    mode: undefined,
    as: 'table',
    format: undefined,
    read: { columns: new Map() },
    loadId: undefined,
    again: false,
    json: false,
    quiet: false,
  });
  await printOutcomes(context, outcomes, false);
  return outcomes.every(({ error }) => error === undefined);
}

async function dataFiles(folder: string): Promise<string[]> {
  if (existsSync(folder) && maybeFormat(folder) !== undefined) return [folder];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // no folder, no files
  const names = entries.filter(
    (entry) => entry.isFile() && !entry.name.startsWith('.') && maybeFormat(entry.name) !== undefined,
  );
  return names.map((entry) => path.join(folder, entry.name)).sort();
}

/** Builds the workspace's dbt project, if it has one, in the server. */
const dbtBuilder =
  (env: UpCommandOptions['env']) =>
  async (context: CommandContext): Promise<boolean> => {
    const { config, translator } = context;
    const project = path.join(config.workspace, 'transform', 'dbt_project');
    if (!existsSync(path.join(project, 'dbt_project.yml'))) return true;
    await note(context, translator.t('up.dbt', { folder: path.relative(process.cwd(), project) || project }));
    const { dbtCommand } = await import('./dbt.ts');
    const words = ['build', '--no-use-colors', '--project-dir', project];
    const code = await dbtCommand(
      { ...context, stdout: context.stderr },
      { words, workspace: config.workspace, env: { DUCKDB_PATH: config.database, ...env } },
    );
    return code === 0;
  };

/** The first file of `queries/`, as an answer worth reading. */
async function runFirstQuery(context: CommandContext, target: Target): Promise<void> {
  const folder = path.join(context.config.workspace, 'queries');
  const first = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.sql')).sort()[0]; // a workspace need not have any
  if (first === undefined) return;
  await note(
    context,
    `\n${context.translator.t('up.query', { file: path.relative(process.cwd(), path.join(folder, first)) })}`,
  );
  const sql = await readFile(path.join(folder, first), 'utf8');
  await printQuery(context, target, {
    sql,
    format: 'table',
    output: undefined,
    limit: undefined,
    all: false,
    timeoutSeconds: undefined,
  });
}

/** Lines to paste while the server runs. */
async function tellNext(context: CommandContext, target: Target): Promise<void> {
  const { sql, lines } = await commandsToTry(context, target);
  const python = `python -c 'import pyarrow.flight as f; print(f.connect("${target.address}").do_get(f.Ticket(b"${sql}")).read_all())'`;
  await tell(context, [...lines, python]);
}

/** Lines to paste that need no server. */
const tellFiles = async (context: CommandContext, target: Target): Promise<void> =>
  tell(context, (await commandsToTry(context, target)).lines);

const tell = (context: CommandContext, lines: readonly string[]): Promise<void> =>
  note(context, `\n${context.translator.t('up.try')}\n${lines.map((line) => `  ${line}\n`).join('')}`);

async function commandsToTry(
  { config }: CommandContext,
  target: Target,
): Promise<{ readonly sql: string; readonly lines: readonly string[] }> {
  const workspace = path.relative(process.cwd(), config.workspace);
  const flag = workspace === '' ? '' : ` --workspace ${workspace}`;
  const table = (await target.listTables()).find(({ name }) => /^[a-z_][a-z0-9_]*$/i.test(name))?.name;
  const sql = table === undefined ? 'SELECT 42' : `FROM ${table} LIMIT 5`;
  return { sql, lines: [`npx duckhouse query${flag} "${sql}"`, `npx duckhouse ls${flag}`] };
}
