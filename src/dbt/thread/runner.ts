import { statSync } from 'node:fs';
import { guardOf } from '../../access/index.ts';
import { attachEngine, type Engine, guardedEngine } from '../../engine/index.ts';
import { createTranslator, type MessageId } from '../../messages/index.ts';
import type { DbtHost } from '../commands/context.ts';
import { DatabaseElsewhere } from '../commands/elsewhere.ts';
import { parseProject } from '../parse/parse-project.ts';
import { runDbt } from '../run-dbt.ts';
import { isWithin } from '../within.ts';
import { backlogWriter } from './backlog.ts';
import { clientEnvironment } from './environment.ts';
import { type WarmProject, WarmProjects } from './projects.ts';
import type { ThreadMessage, ThreadOutcome, ThreadRun, ThreadStart } from './protocol.ts';
import { createTidier } from './tidy.ts';
import { type FolderWatch, watchFolders } from './watch.ts';

/** So few files are read when a command asks, as quickly as ahead of it. */
const fewChanges = 20;

export interface Runner {
  run(run: ThreadRun, signal: AbortSignal): Promise<ThreadOutcome>;
}

/** Runs one command line after the other; parsed projects stay warm between them. */
export function createRunner(start: ThreadStart, send: (message: ThreadMessage) => void): Runner {
  const projects = new WarmProjects();
  const tidier = createTidier();
  let last: WarmProject | undefined;
  let watched: WatchedProject | undefined;

  const watch = (): void => {
    if (last === undefined) return;
    const { memo } = last;
    if (watched?.memo === memo && watched.version === memo.filesVersion) return watched.folders.resume();
    watched?.folders.close();
    watched = { memo, version: memo.filesVersion, folders: watchFolders(memo.folders(), warm) };
  };
  /** What has changed is parsed before anybody asks; what is wrong with it is told to who asks. */
  const warm = (changes: number): void => {
    if (last === undefined || changes < fewChanges) return;
    watched?.folders.pause();
    send({ type: 'warming', isBusy: true });
    try {
      parseProject(last.flags, {}, last.memo);
    } catch {
      // told by the next command
    }
    send({ type: 'warming', isBusy: false });
    tidier.soon();
    watch();
  };

  return {
    async run(run, signal) {
      watched?.folders.pause();
      tidier.notNow();
      const outcome = await runOnce(start, run, {
        signal,
        send,
        projectOf: (flags) => {
          last = projects.of(flags);
          return last;
        },
      });
      watch();
      tidier.soon();
      return outcome;
    },
  };
}

interface WatchedProject {
  readonly memo: WarmProject['memo'];
  readonly version: number;
  readonly folders: FolderWatch;
}

interface RunParts {
  readonly signal: AbortSignal;
  readonly send: (message: ThreadMessage) => void;
  readonly projectOf: (flags: WarmProject['flags']) => WarmProject;
}

async function runOnce(
  start: ThreadStart,
  run: ThreadRun,
  { signal, send, projectOf }: RunParts,
): Promise<ThreadOutcome> {
  const translator = createTranslator(run.language);
  const within = run.principal.role === 'admin' ? undefined : run.workspace;
  const { HOME: _home, USERPROFILE: _profile, ...confined } = run.env;
  const environment = clientEnvironment(within === undefined ? run.env : confined, run.envNames);
  const lines = heldLines(backlogWriter(start.backlog, (text) => send({ type: 'write', text })));
  const database = lazyEngine(start, run);
  const host: DbtHost = {
    env: environment.env,
    // Where somebody stands who may not reach that place does not matter.
    cwd: within === undefined || isWithin(within, run.cwd) ? run.cwd : run.projectDir,
    workspace: run.workspace,
    projectDir: run.projectDir,
    within,
    write: lines.write,
    signal,
    get engine() {
      return database.open();
    },
    language: run.language,
    isServed(file) {
      const isServed = isSameFile(file, start.share.file);
      if (isServed) lines.release();
      return isServed;
    },
    memoOf: (flags) => projectOf(flags).memo,
    onParsed: environment.check,
    isProvisional: () => environment.needed.size > 0,
  };
  try {
    const code = await runDbt(run.argv, host, {
      version: () => Promise.resolve(start.version),
      usage: translator.t('dbt.usage'),
      summary: (command) => translator.t(`dbt.command.${command.replace(' ', '-')}` as MessageId),
      error: translator.error,
    });
    if (environment.needed.size > 0) return { needs: [...environment.needed] };
    lines.release();
    return { code };
  } catch (error) {
    if (environment.needed.size > 0) return { needs: [...environment.needed] };
    if (error instanceof DatabaseElsewhere) return { code: 'elsewhere' };
    throw error;
  } finally {
    await database.close();
  }
}

interface HeldLines {
  readonly write: (text: string) => void;
  readonly release: () => void;
}

/** Nothing is told until it is known that the project can run here: elsewhere it would be told again. */
function heldLines(send: (text: string) => void): HeldLines {
  let held: string[] | undefined = [];
  return {
    write(text) {
      if (held === undefined) send(text);
      else held.push(text);
    },
    release() {
      const texts = held ?? [];
      held = undefined;
      for (const text of batched(texts)) send(text);
    },
  };
}

/** As few texts as may be, none of them too long to be put together. */
function* batched(texts: readonly string[]): Generator<string> {
  let batch = '';
  for (const text of texts) {
    batch += text;
    if (batch.length < 1 << 20) continue;
    yield batch;
    batch = '';
  }
  if (batch !== '') yield batch;
}

/** The server's database, attached when something is run on it; statements of those who may not do everything are guarded. */
function lazyEngine(
  { share, tableFolders, handles }: ThreadStart,
  { principal }: ThreadRun,
): { readonly open: () => Engine; readonly close: () => Promise<void> } {
  let engine: Engine | undefined;
  let given: Engine | undefined;
  return {
    open() {
      engine ??= attachEngine(share, {
        handles,
      });
      const guard = guardOf(principal, { tableFolders });
      given ??= guard === undefined ? engine : guardedEngine(engine, guard);
      return given;
    },
    close: async () => engine?.close(),
  };
}

/** By device and inode: paths may differ. */
function isSameFile(...files: readonly string[]): boolean {
  const [a, b] = files.map((name) => statSync(name, { throwIfNoEntry: false, bigint: true }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
