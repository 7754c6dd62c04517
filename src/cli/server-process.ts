import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Socket } from 'node:net';
import path from 'node:path';
import { createAuthenticator } from '../access/index.ts';
import { openEngine } from '../engine/index.ts';
import { toDuckhouseError } from '../errors.ts';
import { createFlightServer, type FlightServer, type TlsOptions } from '../flight/index.ts';
import { type Lakehouse, openLakehouse, type PutMode } from '../lakehouse/index.ts';
import { createLogger, type Logger, type LogLevel } from '../log.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import { createMonitor, type Monitor, type Readiness } from '../monitor/index.ts';
import type { FromChild, ToChild } from '../supervisor/index.ts';

/** What the server process is told to be. */
export interface ServerProcessOptions {
  readonly database: string;
  readonly memoryLimitBytes: number;
  readonly workers: number | undefined;
  readonly preserveOrder: boolean;
  readonly username: string;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly putMode: PutMode;
  readonly maxMessageBytes: number;
  readonly maxHeaderBytes: number;
  readonly queryTimeoutMs: number | undefined;
  readonly maxRows: number | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'text';
  readonly version: string;
}

interface Running {
  readonly lakehouse: Lakehouse;
  readonly flight: FlightServer;
  readonly monitor: Monitor;
  readonly log: Logger;
}

const send = (message: FromChild): void => void process.send?.(message);
let running: Promise<Running> | undefined;
let draining = false;

/** The composition root: engine, lakehouse, Flight server and monitor, wired once. */
async function start(options: ServerProcessOptions): Promise<Running> {
  const log = createLogger({ level: options.logLevel, format: options.logFormat, write: (line) => process.stderr.write(line), fields: { pid: process.pid } });
  const engine = await openEngine({
    database: options.database,
    settings: { memory_limit: `${options.memoryLimitBytes}B`, preserve_insertion_order: String(options.preserveOrder) },
    ...(options.workers === undefined ? {} : { workers: options.workers }),
  });
  const lakehouse = await openLakehouse({ engine });
  const metrics = createMetrics();
  const flight = createFlightServer({
    lakehouse,
    authenticator: createAuthenticator(options),
    log,
    metrics,
    putMode: options.putMode,
    tls: options.tls,
    limits: { maxMessageBytes: options.maxMessageBytes, maxHeaderListSize: options.maxHeaderBytes, queryTimeoutMs: options.queryTimeoutMs, maxRows: options.maxRows },
    onFatal(error) {
      log.error('the database is invalidated, ending the process', { error });
      process.exit(1);
    },
  });
  addEngineMetrics(metrics, lakehouse, options.database);
  const startedAt = Date.now();
  const monitor = createMonitor({
    readiness: () => readiness(lakehouse, options.database),
    version: () => ({ version: options.version, duckdb: engine.duckdbVersion, node: process.version, uptimeSeconds: Math.round((Date.now() - startedAt) / 1000) }),
    metrics: () => metrics.render(),
  });
  return { lakehouse, flight, monitor, log };
}

function addEngineMetrics(metrics: Metrics, { engine }: Lakehouse, database: string): void {
  metrics.gauge('duckhouse_engine_workers', 'Engine threads', () => engine.stats().workers);
  metrics.gauge('duckhouse_engine_workers_busy', 'Engine threads at work', () => engine.stats().busyWorkers);
  metrics.gauge('duckhouse_engine_queued_tasks', 'Tasks that wait for an engine thread', () => engine.stats().queuedTasks);
  metrics.gauge('duckhouse_engine_open_results', 'Results open', () => engine.stats().openResults);
  metrics.gauge('duckhouse_engine_connections', 'DuckDB connections', () => engine.stats().connections);
  metrics.gauge('duckhouse_resident_bytes', 'Resident memory of the server process', () => process.memoryUsage.rss());
  metrics.gauge('duckhouse_wal_bytes', "Size of the database's write-ahead log", () => walBytes(database));
  metrics.gauge('duckhouse_uptime_seconds', 'Seconds since the server process started', () => Math.round(process.uptime()));
}

const walBytes = (database: string): number => statSync(`${database}.wal`, { throwIfNoEntry: false })?.size ?? 0;

/** Writes are refused by the disk below this. */
const diskReserveBytes = 64 << 20;

async function readiness({ engine }: Lakehouse, database: string): Promise<Readiness> {
  if (draining) return { ready: false, reason: 'draining' };
  try {
    await engine.execute('SELECT 1', { timeoutMs: 5000 });
    if (database !== ':memory:') {
      const { bavail, bsize } = await statfs(path.dirname(database));
      if (bavail * bsize < diskReserveBytes) return { ready: false, reason: 'the disk is full' };
    }
    return { ready: true };
  } catch (error) {
    return { ready: false, reason: toDuckhouseError(error).message };
  }
}

async function stop(ms: number): Promise<void> {
  const parts = await running;
  if (draining || parts === undefined) return;
  draining = true;
  await parts.flight.drain(ms);
  await parts.flight.close();
  await parts.monitor.close();
  await parts.lakehouse.close();
  send({ type: 'drained' });
  process.exit(0);
}

/** Ends the statement that has run longest: the likeliest owner of the memory. */
function interruptLargest({ lakehouse, log }: Running): void {
  const [oldest] = lakehouse.progress().toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  if (oldest === undefined) return;
  log.warn('interrupting a statement for its memory', { queryId: oldest.queryId });
  lakehouse.cancel(oldest.queryId);
}

async function accept(kind: 'flight' | 'http', socket: Socket): Promise<void> {
  const parts = await running;
  if (parts === undefined) return void socket.destroy();
  socket.on('error', () => undefined); // the protocol on top reports what matters
  if (kind === 'flight') parts.flight.acceptConnection(socket);
  else parts.monitor.acceptConnection(socket);
  socket.resume();
}

function begin(options: ServerProcessOptions): void {
  running = start(options);
  running.then(
    () => send({ type: 'ready' }),
    (failure: unknown) => {
      const { message, id, hint, context } = toDuckhouseError(failure);
      process.send?.({ type: 'failed', message, id, hint, context } satisfies FromChild, () => process.exit(1));
    },
  );
}

process.on('message', (message: ToChild, handle: unknown) => {
  if (message.type === 'start') begin(message.options as ServerProcessOptions);
  else if (message.type === 'connection' && handle !== undefined) void accept(message.kind, handle as Socket);
  else if (message.type === 'drain') void stop(message.ms);
  else if (message.type === 'interrupt') void running?.then(interruptLargest);
});
// Without its supervisor nobody can reach this process: it ends, its data safe.
process.on('disconnect', () => void stop(0));
// The terminal's Ctrl-C reaches the whole group; the supervisor decides.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
