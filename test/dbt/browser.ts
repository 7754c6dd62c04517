/** A headless Chromium that is spoken to over two pipes: pages are opened, keys pressed, expressions evaluated. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

if (chromium === undefined && process.env.DUCKHOUSE_INTEROP === 'required')
  throw new Error('chromium is not installed');

export interface Page {
  /** The value of an expression of the page, awaited. */
  evaluate<T>(expression: string): Promise<T>;
  press(key: string): Promise<void>;
  close(): Promise<void>;
}

interface Answer {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export async function openPage(url: string, profile: string): Promise<Page> {
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--lang=en', `--user-data-dir=${profile}`];
  const child = spawn(chromium as string, [...args, '--remote-debugging-pipe', 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const send = talk(child);
  const { targetInfos } = (await send('Target.getTargets')) as { targetInfos: { targetId: string; type: string }[] };
  const target = targetInfos.find(({ type }) => type === 'page')?.targetId;
  const { sessionId } = await send('Target.attachToTarget', { targetId: target, flatten: true });
  const ask = (method: string, params = {}): ReturnType<typeof send> => send(method, params, sessionId as string);
  await ask('Page.enable');
  await ask('Page.navigate', { url });
  const evaluate = async <T>(expression: string): Promise<T> => {
    const answer = await ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    return (answer.result as { readonly value: T }).value;
  };
  return {
    evaluate,
    async press(key) {
      const text = key.length === 1 ? { text: key } : key === 'Enter' ? { text: '\r' } : {};
      const code = { Enter: 13, Tab: 9, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 }[key];
      const event = { key, ...(code === undefined ? {} : { windowsVirtualKeyCode: code }) };
      await ask('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...text });
      await ask('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
      await evaluate('new Promise((resolve) => setTimeout(resolve, 250))');
    },
    async close() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}

/** Requests and their answers, each ended by a zero byte. */
function talk(child: ChildProcess) {
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (answer: Answer) => void>();
  let rest = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0');
    rest = parts.pop() as string;
    for (const part of parts) {
      const answer = JSON.parse(part) as Answer;
      if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    }
  });
  let last = 0;
  return (method: string, params = {}, sessionId?: string): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    });
}
