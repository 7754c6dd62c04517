import { appendFileSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { FromChild, ToChild } from '../../src/supervisor/index.ts';

/** A server process of a few lines: it greets each connection and sends back what comes. */
export interface Life {
  /** Before it says that it is ready. */
  readonly startMs?: number;
  /** Ends before it is ready. */
  readonly crash?: true;
  /** Says that it cannot start. */
  readonly refuse?: string;
  /** Ends this long after it was ready. */
  readonly dieMs?: number;
}

export interface ChildOptions {
  /** A line is added at each start. */
  readonly livesFile: string;
  /** One after the other; the last one for all that follow. */
  readonly lives: readonly Life[];
}

const sockets = new Set<Socket>();
let draining = false;

const send = (message: FromChild, then?: () => void): void => void process.send?.(message, then);

function start({ livesFile, lives }: ChildOptions): void {
  appendFileSync(livesFile, `${process.pid}\n`);
  const number = readFileSync(livesFile, 'utf8').trim().split('\n').length;
  const life = lives[Math.min(number, lives.length) - 1] ?? {};
  if (life.crash) process.exit(7);
  if (life.refuse !== undefined) {
    send({ type: 'failed', kind: 'DataInvalid', message: life.refuse, hint: 'repair it', context: { file: 'x' } }, () =>
      process.exit(1),
    );
    return;
  }
  setTimeout(() => {
    send({ type: 'ready' });
    setInterval(() => send({ type: 'resident', bytes: process.memoryUsage.rss() }), 100).unref();
    if (life.dieMs !== undefined) setTimeout(() => process.kill(process.pid, 'SIGKILL'), life.dieMs);
  }, life.startMs ?? 0);
}

function connection(kind: string, socket: Socket): void {
  socket.on('error', () => undefined); // a client that breaks off
  socket.on('close', () => sockets.delete(socket));
  sockets.add(socket);
  socket.write(draining ? 'unavailable\n' : `${kind} ${process.pid}\n`);
  if (draining) socket.end();
  socket.pipe(socket);
}

/** Ends when the last connection does. */
function drain(ms: number): void {
  draining = true;
  setTimeout(() => process.exit(0), ms);
  setInterval(() => sockets.size === 0 && process.exit(0), 10);
}

process.on('message', (message: ToChild, handle: unknown) => {
  if (message.type === 'start') start(message.options as ChildOptions);
  else if (message.type === 'connection') {
    send({ type: 'taken', id: message.id });
    if (handle !== undefined) connection(message.kind, handle as Socket);
  } else if (message.type === 'drain') drain(message.ms);
});
process.on('disconnect', () => process.exit(0));
