import type { Socket } from 'node:net';
import { toDuckhouseError } from '../errors.ts';
import { createLogger, type Logger } from '../log.ts';
import type { ConnectionKind, FromChild, ToChild } from '../supervisor/index.ts';
import { openServerParts, type ServerParts, type ServerProcessOptions } from './server-parts.ts';

// The server process: a program of its own, started by the supervisor and told everything over their channel.

/** Its supervisor is gone or it was told to stop, and something does not end. */
const lastResortMs = 5000;
const residentEveryMs = 500;
const settledMs = 500;

let log: Logger = createLogger({ write: (line) => process.stderr.write(line) });
let running: Promise<ServerParts> | undefined;
let stopping = false;
const interrupted = new Set<string>();

const send = (message: FromChild, then: () => void = () => undefined): void => {
  if (process.connected) process.send?.(message, then);
  else then();
};

function begin(options: ServerProcessOptions): void {
  log = createLogger({
    level: options.logLevel,
    format: options.logFormat,
    write: (line) => process.stderr.write(line),
    fields: { pid: process.pid },
  });
  running = openServerParts(options, {
    log,
    draining: () => stopping,
    onFatal(error) {
      log.error('the database is invalidated, ending the process', { error });
      process.exit(1);
    },
  });
  running.then(
    () => send({ type: 'ready' }),
    (failure: unknown) => {
      const { kind, message, id, hint, context } = toDuckhouseError(failure);
      log.debug('cannot start', { error: failure });
      send({ type: 'failed', kind, message, id, hint, context }, () => process.exit(1));
    },
  );
  // The supervisor looks itself where it can.
  if (process.platform !== 'linux')
    setInterval(() => send({ type: 'resident', bytes: process.memoryUsage.rss() }), residentEveryMs).unref();
}

async function accept(kind: ConnectionKind, socket: Socket): Promise<void> {
  socket.on('error', () => undefined); // the protocol on top reports what matters
  const parts = await running;
  if (parts === undefined) return void socket.destroy();
  if (kind === 'flight') parts.flight.acceptConnection(socket);
  else parts.monitor.acceptConnection(socket);
  socket.resume();
}

/** Lets what runs finish within `ms`, closes the database, ends the process. */
async function stop(ms: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), ms + lastResortMs).unref();
  const parts = await running;
  await parts?.flight.drain(ms);
  await parts?.flight.close();
  await parts?.closeDbt();
  await parts?.monitor.close();
  await parts?.lakehouse.close();
  process.exit(0);
}

/**
 * Ends the statement that has run longest: the likeliest owner of the memory. When it does not listen the next one is told,
 * but none that has only just begun.
 */
function interruptLargest({ lakehouse }: ServerParts): void {
  const statements = lakehouse.progress().toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  for (const queryId of interrupted)
    if (!statements.some((one) => one.queryId === queryId)) interrupted.delete(queryId);
  const youngest = Date.now() - (interrupted.size === 0 ? 0 : settledMs);
  const oldest = statements.find(
    ({ queryId, startedAt }) => !interrupted.has(queryId) && startedAt.getTime() <= youngest,
  );
  if (oldest === undefined) return;
  log.warn('interrupting a statement for its memory', { queryId: oldest.queryId });
  interrupted.add(oldest.queryId);
  lakehouse.cancel(oldest.queryId);
}

const unhandled = (what: string) => (error: unknown) => {
  log.error(what, { error });
  process.exit(1);
};
const ignoreFailure = (): void => undefined;

process.on('message', (message: ToChild, handle: unknown) => {
  if (message.type === 'start') begin(message.options as ServerProcessOptions);
  else if (message.type === 'connection') {
    send({ type: 'taken', id: message.id }); // before the first byte is read: from now on it is lost with this process
    if (handle !== undefined) accept(message.kind, handle as Socket).catch(unhandled('cannot take a connection'));
  } else if (message.type === 'drain') stop(message.ms).catch(unhandled('cannot stop'));
  else running?.then(interruptLargest).catch(ignoreFailure); // a start that failed is reported there
});
// Without its supervisor nobody can reach this process: it ends, its data safe.
process.on('disconnect', () => stop(0).catch(unhandled('cannot stop')));
// The terminal's Ctrl-C reaches the whole group; the supervisor decides.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('uncaughtException', unhandled('uncaught exception'));
process.on('unhandledRejection', unhandled('unhandled rejection'));
