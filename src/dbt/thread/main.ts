import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { attachEngine } from '../../engine/index.ts';
import { createTranslator, type MessageId } from '../../messages/index.ts';
import { DatabaseElsewhere } from '../commands/elsewhere.ts';
import { runDbt } from '../run-dbt.ts';
import type { ThreadMessage, ThreadStart } from './protocol.ts';

// A thread that runs one command line of dbt on the database its process has open.

const start = workerData as ThreadStart;
const port = parentPort as NonNullable<typeof parentPort>;
const send = (message: ThreadMessage): void => port.postMessage(message);
const cancelled = new AbortController();
port.on('message', () => cancelled.abort());

const engine = attachEngine(start.share, {
  onConnection: (connection, isOpen) => send({ type: 'connection', connection, isOpen }),
});
const translator = createTranslator(start.language);

/** Nothing is told until it is known that the project belongs here: elsewhere it would be told again. */
let held: string[] | undefined = [];
function write(text: string): void {
  if (held === undefined) send({ type: 'write', text });
  else held.push(text);
}
function release(): void {
  const texts = held ?? [];
  held = undefined;
  for (const text of texts) send({ type: 'write', text });
}

/** The same file, by device and inode: paths may differ. */
function isServed(file: string): boolean {
  const [a, b] = [file, start.share.file].map((name) => statSync(name, { throwIfNoEntry: false, bigint: true }));
  const same = a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
  if (same) release();
  return same;
}

async function run(): Promise<number | 'elsewhere'> {
  try {
    return await runDbt(
      start.argv,
      {
        env: start.env,
        cwd: start.cwd,
        workspace: start.workspace,
        projectDir: start.projectDir,
        write,
        signal: cancelled.signal,
        engine,
        language: start.language,
        isServed,
      },
      {
        version: () => Promise.resolve(start.version),
        usage: translator.t('dbt.usage'),
        summary: (command) => translator.t(`dbt.command.${command.replace(' ', '-')}` as MessageId),
        error: translator.error,
      },
    );
  } catch (error) {
    if (error instanceof DatabaseElsewhere) return 'elsewhere';
    throw error;
  }
}

const code = await run();
if (code !== 'elsewhere') release();
await engine.close();
send({ type: 'done', code });
port.close();
