import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DuckhouseError } from '../../errors.ts';
import { PyError } from '../../jinja/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import type { AdapterConnection } from '../adapter/database.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { pythonDriver } from './python-driver.ts';
import type { Connect, RunSession } from './session.ts';

export interface PythonModel {
  /** The model's text with what dbt puts behind it: `model`, `dbtObj` and `materialize` are defined in it. */
  readonly code: string;
  readonly connection: Connect;
}

type Request =
  | { readonly op: 'load'; readonly relation: string; readonly path: string }
  | { readonly op: 'execute'; readonly sql: string; readonly frames: Readonly<Record<string, string>> }
  | { readonly op: 'failed'; readonly text: string; readonly hint?: string }
  | { readonly op: 'done' };

/** Runs a Python model in a `python3` child, which has the `duckdb` module; needs no access to the database's file. */
export async function runPythonModel(session: RunSession, node: ManifestNode, model: PythonModel): Promise<void> {
  // A Python program can do whatever its user can: a server runs none for its clients.
  if (session.shared)
    throw new PyError('DbtRuntimeError', `model ${node.name} is written in Python, which a server does not run`, {
      kind: 'Unsupported',
      hint: 'stop the server and run dbt in a process of its own',
    });
  const folder = await mkdtemp(path.join(tmpdir(), 'duckhouse-python-'));
  try {
    const driver = path.join(folder, 'driver.py');
    const text = path.join(folder, `${node.name}.py`);
    await writeFile(driver, pythonDriver);
    await writeFile(text, model.code);
    // A group of its own, so that what the model started ends with it.
    const child = spawn('python3', ['-u', driver, text, folder], { stdio: 'pipe', detached: true });
    const end = (): void => killGroup(child);
    session.signal?.addEventListener('abort', end, { once: true });
    if (session.signal?.aborted) end();
    try {
      await converse(child, node, await model.connection());
    } catch (error) {
      throw session.signal?.aborted ? new PyError('DbtRuntimeError', 'cancelled', { kind: 'Cancelled' }) : error;
    } finally {
      session.signal?.removeEventListener('abort', end);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Not to be ignored, as a model may do with other signals. */
function killGroup({ pid }: ChildProcessWithoutNullStreams): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function converse(
  child: ChildProcessWithoutNullStreams,
  node: ManifestNode,
  connection: AdapterConnection,
): Promise<void> {
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-4000)));
  // A child that ends early closes its end of the pipe: what it said is told below.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').catch((error: unknown) => error);
  for await (const line of createInterface({ input: child.stdout })) {
    const request = JSON.parse(line) as Request;
    if (request.op === 'done') return;
    if (request.op === 'failed') throw failure(node, request.text, request.hint);
    child.stdin.write(`${JSON.stringify(await answer(connection, request))}\n`);
  }
  const error = await ended;
  if (error instanceof Error) throw startFailure(node, error);
  throw failure(node, `python3 ended without a result\n${printed.trim()}`);
}

async function answer(
  connection: AdapterConnection,
  request: Extract<Request, { op: 'load' | 'execute' }>,
): Promise<{ readonly error?: string }> {
  try {
    if (request.op === 'load')
      await connection.execute(
        `copy (select * from ${request.relation}) to ${quoteLiteral(request.path)} (format parquet)`,
      );
    else await executeWithFrames(connection, request);
    return {};
  } catch (error) {
    if (error instanceof DuckhouseError) return { error: error.message };
    throw error;
  }
}

/** Frames are views over their files while the statement runs. */
async function executeWithFrames(
  connection: AdapterConnection,
  { sql, frames }: Extract<Request, { op: 'execute' }>,
): Promise<void> {
  for (const [name, file] of Object.entries(frames))
    await connection.execute(
      `create or replace temp view ${quoteIdentifier(name)} as select * from read_parquet(${quoteLiteral(file)})`,
    );
  await connection.execute(sql);
  for (const name of Object.keys(frames)) await connection.execute(`drop view if exists temp.${quoteIdentifier(name)}`);
}

const failure = (node: ManifestNode, text: string, hint?: string): PyError =>
  new PyError('DbtRuntimeError', `Python model failed:\n${text}`, { context: { path: node.original_file_path }, hint });

function startFailure(node: ManifestNode, error: Error): PyError {
  const missing = 'code' in error && error.code === 'ENOENT';
  return new PyError(
    'DbtRuntimeError',
    missing
      ? `model ${node.name} is written in Python, and there is no python3 on the PATH`
      : `python3 cannot be started: ${error.message}`,
    { kind: 'Unavailable', hint: 'install Python with its module duckdb, or write the model in SQL' },
  );
}
