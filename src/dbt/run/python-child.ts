import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DuckhouseError } from '../../errors.ts';
import { PyError } from '../../jinja/index.ts';
import type { RunSession } from './session.ts';

export interface PythonProgram<Asked> {
  /** Why Python is needed, for messages: `model orders is written in Python`. */
  readonly reason: string;
  readonly driver: string;
  /** The file that the driver reads. */
  readonly input: { readonly name: string; readonly text: string };
  /** How the user does without Python. */
  readonly instead: string;
  /** Does what the program asks of the database. */
  answer(request: Asked): Promise<void>;
  failure(text: string): PyError;
}

export type Told =
  | { readonly op: 'failed'; readonly text: string; readonly hint?: string }
  | { readonly op: 'done'; readonly [result: string]: unknown };

/** Runs a program in a `python3` child, which needs no access to the database's file; what it told at its end. */
export async function runPython<Asked extends { readonly op: string }>(
  session: RunSession,
  program: PythonProgram<Asked>,
): Promise<Extract<Told, { op: 'done' }>> {
  // A Python program can do whatever its user can: a server runs none for its clients.
  if (session.shared)
    throw new PyError(
      'DbtRuntimeError',
      withHint(`${program.reason}, which a server does not run`, 'stop the server and run dbt in a process of its own'),
      { kind: 'Unsupported' },
    );
  const folder = await mkdtemp(path.join(tmpdir(), 'duckhouse-python-'));
  try {
    const driver = path.join(folder, 'driver.py');
    const input = path.join(folder, program.input.name);
    await writeFile(driver, program.driver);
    await writeFile(input, program.input.text);
    const { root } = session.parsed.project;
    const args = ['-u', driver, input, folder, ...session.database.credentials.modulePaths, root];
    // A group of its own, so that what the program started ends with it.
    const child = spawn('python3', args, { stdio: 'pipe', detached: true, cwd: root });
    const end = (): void => killGroup(child);
    session.signal?.addEventListener('abort', end, { once: true });
    if (session.signal?.aborted) end();
    try {
      return await converse(child, program);
    } catch (error) {
      throw session.signal?.aborted ? new PyError('DbtRuntimeError', 'cancelled', { kind: 'Cancelled' }) : error;
    } finally {
      session.signal?.removeEventListener('abort', end);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Not to be ignored, as a program may do with other signals. */
function killGroup({ pid }: ChildProcessWithoutNullStreams): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function converse<Asked extends { readonly op: string }>(
  child: ChildProcessWithoutNullStreams,
  program: PythonProgram<Asked>,
): Promise<Extract<Told, { op: 'done' }>> {
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-4000)));
  // A child that ends early closes its end of the pipe: what it said is told below.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').catch((error: unknown) => error);
  for await (const line of createInterface({ input: child.stdout })) {
    const request = JSON.parse(line) as Told | Asked;
    if (isDone(request)) return request;
    if (isFailed(request)) throw program.failure(withHint(request.text, request.hint));
    child.stdin.write(`${JSON.stringify(await answerTo(program, request))}\n`);
  }
  const error = await ended;
  if (error instanceof Error) throw startFailure(program, error);
  throw program.failure(`python3 ended without a result\n${printed.trim()}`);
}

/** A failed node shows its message only. */
const withHint = (text: string, hint: string | undefined): string => (hint === undefined ? text : `${text} (${hint})`);

const isDone = (request: { readonly op: string }): request is Extract<Told, { op: 'done' }> => request.op === 'done';
const isFailed = (request: { readonly op: string }): request is Extract<Told, { op: 'failed' }> =>
  request.op === 'failed';

async function answerTo<Asked>(program: PythonProgram<Asked>, request: Asked): Promise<{ readonly error?: string }> {
  try {
    await program.answer(request);
    return {};
  } catch (error) {
    if (error instanceof DuckhouseError) return { error: error.message };
    throw error;
  }
}

function startFailure<Asked>({ reason, instead }: PythonProgram<Asked>, error: Error): PyError {
  const missing = 'code' in error && error.code === 'ENOENT';
  const text = missing
    ? `${reason}, and there is no python3 on the PATH`
    : `python3 cannot be started: ${error.message}`;
  const hint = `install Python with its module duckdb, or ${instead}`;
  return new PyError('DbtRuntimeError', withHint(text, hint), { kind: 'Unavailable' });
}
