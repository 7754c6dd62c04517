import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { type AuthenticatorOptions, createAuthenticator, sessionSettings } from '../access/index.ts';
import { openEngine } from '../engine/index.ts';
import { type DuckhouseError, toDuckhouseError } from '../errors.ts';
import { createFlightServer, type FlightServer, type TlsOptions } from '../flight/index.ts';
import {
  type Lakehouse,
  openLakehouse,
  openSystemTables,
  type PutMode,
  type SessionLimits,
  type SystemSetting,
} from '../lakehouse/index.ts';
import type { Logger, LogLevel } from '../log.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import { createMonitor, type Monitor, type Readiness } from '../monitor/index.ts';
import { dbtAction } from './dbt-action.ts';

/** What the server process is told to be. */
export interface ServerProcessOptions extends AuthenticatorOptions {
  readonly database: string;
  readonly memoryLimitBytes: number;
  readonly workers: number | undefined;
  readonly preserveOrder: boolean;
  /** Folders whose files are tables. */
  readonly lakeFolders: readonly string[];
  /** The only folders DuckDB may open files of; undefined = it may open any, and change its settings. */
  readonly openFolders: readonly string[] | undefined;
  readonly tls: TlsOptions | undefined;
  readonly putMode: PutMode;
  readonly maxMessageBytes: number;
  readonly maxHeaderBytes: number;
  readonly queryTimeoutMs: number | undefined;
  readonly maxRows: number | undefined;
  readonly sessions: Partial<SessionLimits>;
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'text';
  readonly version: string;
  /** dbt projects below it may be run here. */
  readonly workspace: string;
  /** For the system tables, secrets masked. */
  readonly settings: readonly SystemSetting[];
}

export interface ServerParts {
  readonly lakehouse: Lakehouse;
  readonly flight: FlightServer;
  readonly monitor: Monitor;
  readonly closeDbt: () => Promise<void>;
}

export interface ServerHost {
  readonly log: Logger;
  readonly draining: () => boolean;
  /** The database refuses all further work. */
  readonly onFatal: (error: DuckhouseError) => void;
}

/** The composition root: engine, lakehouse, Flight server and monitor, wired once. The lakehouse is the caller's to close, last. */
export async function openServerParts(
  options: ServerProcessOptions,
  { log, draining, onFatal }: ServerHost,
): Promise<ServerParts> {
  const {
    database,
    workers,
    memoryLimitBytes,
    preserveOrder,
    putMode,
    tls,
    maxMessageBytes,
    maxHeaderBytes,
    queryTimeoutMs,
    maxRows,
    version,
    lakeFolders,
    openFolders,
  } = options;
  const engine = await openEngine({
    database,
    settings: { memory_limit: `${memoryLimitBytes}B`, preserve_insertion_order: String(preserveOrder) },
    ...(workers === undefined ? {} : { workers }),
    ...(openFolders === undefined ? {} : { lockdown: { folders: openFolders, settings: [...sessionSettings] } }),
  });
  const lakehouse = await openLakehouse({ engine });
  const metrics = createMetrics();
  const authenticator = createAuthenticator({ ...options, log });
  const limits = { maxMessageBytes, maxHeaderListSize: maxHeaderBytes, queryTimeoutMs, maxRows };
  const dbt = dbtAction({ engine, workspace: options.workspace, version, tableFolders: lakeFolders });
  const flight = createFlightServer({
    lakehouse,
    authenticator,
    gate: { tableFolders: lakeFolders },
    log,
    metrics,
    putMode,
    tls,
    limits,
    sessions: options.sessions,
    onFatal,
    actions: [dbt.action],
  });
  await openSystemTables(engine, { sessions: () => flight.sessions, settings: () => options.settings });
  addEngineMetrics(metrics, lakehouse, database);
  const monitor = createMonitor({
    readiness: () => readiness(lakehouse, { database, draining }),
    version: () => ({
      version,
      duckdb: engine.duckdbVersion,
      node: process.version,
      uptimeSeconds: Math.round(process.uptime()),
    }),
    metrics: () => metrics.render(),
    log,
  });
  return { lakehouse, flight, monitor, closeDbt: dbt.close };
}

function addEngineMetrics(metrics: Metrics, { engine }: Lakehouse, database: string): void {
  metrics.gauge('duckhouse_engine_workers', 'Engine threads', () => engine.stats().workers);
  metrics.gauge('duckhouse_engine_workers_busy', 'Engine threads at work', () => engine.stats().busyWorkers);
  metrics.gauge(
    'duckhouse_engine_queued_tasks',
    'Tasks that wait for an engine thread',
    () => engine.stats().queuedTasks,
  );
  metrics.gauge('duckhouse_engine_open_results', 'Results open', () => engine.stats().openResults);
  metrics.gauge('duckhouse_engine_connections', 'DuckDB connections', () => engine.stats().connections);
  metrics.gauge('duckhouse_resident_bytes', 'Resident memory of the server process', () => process.memoryUsage.rss());
  metrics.gauge('duckhouse_wal_bytes', "Size of the database's write-ahead log", () => walBytes(database));
  metrics.gauge('duckhouse_uptime_seconds', 'Seconds since the server process started', () =>
    Math.round(process.uptime()),
  );
}

const walBytes = (database: string): number => statSync(`${database}.wal`, { throwIfNoEntry: false })?.size ?? 0;

/** Below this the server is not ready: writes are about to fail. */
const diskReserveBytes = 64 << 20;
const probeTimeoutMs = 5000;

async function readiness(
  { engine }: Lakehouse,
  { database, draining }: { readonly database: string; readonly draining: () => boolean },
): Promise<Readiness> {
  if (draining()) return { ready: false, reason: 'draining' };
  try {
    await engine.execute('SELECT 1', { timeoutMs: probeTimeoutMs });
    if (database !== ':memory:') {
      const { bavail, bsize } = await statfs(path.dirname(database));
      if (bavail * bsize < diskReserveBytes)
        return { ready: false, reason: `less than ${diskReserveBytes >> 20} MB left on the disk` };
    }
    return { ready: true };
  } catch (error) {
    return { ready: false, reason: toDuckhouseError(error).message };
  }
}
