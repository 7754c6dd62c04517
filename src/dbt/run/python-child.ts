import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DuckhouseError } from '../../errors.ts';
import { PyError } from '../../jinja/index.ts';
import type { DbtDatabase } from '../adapter/database.ts';
import type { ParsedProject } from '../project-types.ts';

/** What a child needs to know of the invocation that it works for. */
export interface Invocation {
  readonly parsed: ParsedProject;
  readonly database: Pick<DbtDatabase, 'credentials'>;
  readonly signal: AbortSignal | undefined;
  readonly shared: boolean;
}

export interface PythonProgram {
  /** Why Python is needed, for messages: `model orders is written in Python`. */
  readonly reason: string;
  readonly driver: string;
  /** The file that the driver reads. */
  readonly input: { readonly name: string; readonly text: string };
  /** How the user does without Python. */
  readonly instead: string;
}

export interface PythonTalk<Asked> {
  /** What the program is told to do; nothing where its input file says it. */
  readonly request?: object;
  /** Does what the program asks of the database. */
  answer(request: Asked): Promise<void>;
  failure(text: string): PyError;
}

export type Told =
  | { readonly op: 'failed'; readonly text: string; readonly hint?: string }
  | { readonly op: 'done'; readonly [result: string]: unknown };

export type Done = Extract<Told, { op: 'done' }>;

/** A `python3` child, which needs no access to the database's file. */
export interface PythonChild {
  /** Resolves with what the program told when it was done; one talk at a time. */
  talk<Asked extends { readonly op: string }>(talk: PythonTalk<Asked>): Promise<Done>;
  /** Resolves when the program, which nobody asks any more, has ended. */
  end(): Promise<void>;
}

export async function startPython(invocation: Invocation, program: PythonProgram): Promise<PythonChild> {
  // A Python program can do whatever its user can: a server runs none for its clients.
  if (invocation.shared)
    throw new PyError(
      'DbtRuntimeError',
      withHint(`${program.reason}, which a server does not run`, 'stop the server and run dbt in a process of its own'),
      { kind: 'Unsupported' },
    );
  const folder = await mkdtemp(path.join(tmpdir(), 'duckhouse-python-'));
  // In a folder of its own: a model named like a module must not be found in its place.
  const driver = path.join(folder, 'driver', 'driver.py');
  await mkdir(path.dirname(driver));
  const input = path.join(folder, program.input.name);
  await writeFile(driver, program.driver);
  await writeFile(input, program.input.text);
  const { root } = invocation.parsed.project;
  const args = ['-u', driver, input, folder, ...invocation.database.credentials.modulePaths, root];
  // A group of its own, so that what the program started ends with it.
  return childOf(invocation, program, {
    folder,
    child: spawn('python3', args, { stdio: 'pipe', detached: true, cwd: root }),
  });
}

interface Started {
  readonly folder: string;
  readonly child: ChildProcessWithoutNullStreams;
}

function childOf({ signal }: Invocation, program: PythonProgram, { folder, child }: Started): PythonChild {
  const kill = (): void => killGroup(child);
  signal?.addEventListener('abort', kill, { once: true });
  if (signal?.aborted) kill();
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-4000)));
  // A child that ends early closes its end of the pipe: what it said is told below.
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close').catch((error: unknown) => error);
  const exited = once(child, 'exit').catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failureOf = async <Asked>({ failure }: PythonTalk<Asked>): Promise<PyError> => {
    const error = await closed;
    if (error instanceof Error) return startFailure(program, error);
    return failure(`python3 ended without a result\n${printed.trim()}`);
  };
  return {
    async talk(talk) {
      if (talk.request !== undefined) child.stdin.write(`${JSON.stringify(talk.request)}\n`);
      try {
        const done = await converse(child, lines, talk);
        if (done === undefined) throw await failureOf(talk);
        return done;
      } catch (error) {
        throw signal?.aborted ? new PyError('DbtRuntimeError', 'cancelled', { kind: 'Cancelled' }) : error;
      }
    },
    async end() {
      child.stdin.end();
      await exited;
      kill();
      signal?.removeEventListener('abort', kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a program that does one thing; resolves with what it told at its end. */
export async function runPython<Asked extends { readonly op: string }>(
  invocation: Invocation,
  program: PythonProgram & PythonTalk<Asked>,
): Promise<Done> {
  const child = await startPython(invocation, program);
  try {
    return await child.talk(program);
  } finally {
    await child.end();
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

/** What the program told when it was done; undefined where it ended before. */
async function converse<Asked extends { readonly op: string }>(
  child: ChildProcessWithoutNullStreams,
  lines: AsyncIterator<string>,
  talk: PythonTalk<Asked>,
): Promise<Done | undefined> {
  for (;;) {
    const line = await lines.next();
    if (line.done) return undefined;
    const request = JSON.parse(line.value) as Told | Asked;
    if (isDone(request)) return request;
    if (isFailed(request)) throw talk.failure(withHint(request.text, request.hint));
    child.stdin.write(`${JSON.stringify(await answerTo(talk, request))}\n`);
  }
}

/** A failed node shows its message only. */
const withHint = (text: string, hint: string | undefined): string => (hint === undefined ? text : `${text} (${hint})`);

const isDone = (request: { readonly op: string }): request is Done => request.op === 'done';
const isFailed = (request: { readonly op: string }): request is Extract<Told, { op: 'failed' }> =>
  request.op === 'failed';

async function answerTo<Asked>(talk: PythonTalk<Asked>, request: Asked): Promise<{ readonly error?: string }> {
  try {
    await talk.answer(request);
    return {};
  } catch (error) {
    if (error instanceof DuckhouseError) return { error: error.message };
    throw error;
  }
}

function startFailure({ reason, instead }: PythonProgram, error: Error): PyError {
  const missing = 'code' in error && error.code === 'ENOENT';
  const text = missing
    ? `${reason}, and there is no python3 on the PATH`
    : `python3 cannot be started: ${error.message}`;
  const hint = `install Python with its module duckdb, or ${instead}`;
  return new PyError('DbtRuntimeError', withHint(text, hint), { kind: 'Unavailable' });
}
