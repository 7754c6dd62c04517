import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkKeySet, readAccounts } from '../access/index.ts';
import { type Config, packageVersion, shownSettings } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';
import { createLogger } from '../log.ts';
import { availableMemory, type Supervisor, startSupervisor } from '../supervisor/index.ts';
import { prepareDatabaseFolder } from './database-folder.ts';
import { type CommandContext, note, write } from './effects.ts';
import type { ServerProcessOptions } from './server-parts.ts';

const memoryLimitShare = 0.6;
const memoryWallShare = 0.8;
/** Of the wall, when only that is given: statements are to spill before they reach it. */
const limitShareOfWall = 0.75;
/** What the server process needs before any statement runs, twice over. */
const leastMemoryWall = 200e6;

/** Starts the server of the workspace; resolves when it takes calls. The first signal drains it, the second stops it at once. */
export async function startServer(context: CommandContext): Promise<Supervisor> {
  const { config, translator } = context;
  checkExposure(config);
  if (config.jwt !== undefined) checkKeySet(config.jwt.jwks);
  const memory = memoryOf(config);
  const childOptions = serverProcessOptions(config, memory.limit);
  prepareDatabaseFolder(config);
  const signals = stopOnSignals(context);
  const supervisor = await startSupervisor({
    module: fileURLToPath(new URL('./server-process.js', import.meta.url)),
    childOptions,
    host: config.host,
    flightPort: config.flightPort,
    httpPort: config.httpPort,
    stateDir: config.stateDir,
    certificate: childOptions.tls && firstCertificate(childOptions.tls.cert),
    memoryWall: memory.wall,
    drainSeconds: config.drainSeconds,
    version: packageVersion(),
    log: createLogger({
      level: config.logLevel,
      format: config.logFormat,
      write: (line) => context.stderr.write(line),
      fields: { pid: process.pid },
    }),
    onRestart: (reason) => void note(context, translator.t('serve.restarted', { reason })),
    signal: signals.starting,
  });
  signals.started(supervisor);
  return supervisor;
}

interface Signals {
  /** Aborted by a signal before the server has started. */
  readonly starting: AbortSignal;
  started(supervisor: Supervisor): void;
}

function stopOnSignals(context: CommandContext): Signals {
  const starting = new AbortController();
  let running: Supervisor | undefined;
  let first = true;
  const stop = (): void => {
    starting.abort();
    if (running === undefined) return;
    if (first) void note(context, context.translator.t('serve.draining', { seconds: context.config.drainSeconds }));
    first = false;
    running.stop();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (context.signal.aborted) stop(); // Ctrl-C while the command was loaded
  return {
    starting: starting.signal,
    started(supervisor) {
      running = supervisor;
      if (starting.signal.aborted) stop();
    },
  };
}

interface Memory {
  /** Bytes DuckDB may use. */
  readonly limit: number;
  /** Resident bytes the server process may have. */
  readonly wall: number;
}

function memoryOf({ memoryLimit, memoryWall, origins }: Config): Memory {
  const available = availableMemory();
  if (memoryWall !== undefined && memoryWall < leastMemoryWall) {
    const { origin, value } = origins.get('memoryWall') ?? { origin: 'default', value: String(memoryWall) };
    throw new DuckhouseError('InvalidArgument', `${origin}: memory.wall must be 200MB or more, not "${value}"`, {
      id: 'config-value',
      context: { origin, name: 'memory.wall', expected: '>= 200MB', value },
    });
  }
  const wall = memoryWall ?? Math.round(available * memoryWallShare);
  const share =
    memoryWall === undefined
      ? available * memoryLimitShare
      : Math.min(available * memoryLimitShare, memoryWall * limitShareOfWall);
  return { limit: memoryLimit ?? Math.round(share), wall };
}

const loopback = /^(localhost|127(\.\d+){3}|::1)$/;

/** Beyond the loopback address a server needs accounts and TLS, unless somebody insists. */
function checkExposure(config: Config): void {
  if (loopback.test(config.host) || config.insecure) return;
  if (hasAccounts(config) && config.tlsCert !== undefined) return;
  throw new DuckhouseError('InvalidArgument', `listening on ${config.host} needs a password and TLS`, {
    id: 'needs-credentials',
    context: { host: config.host },
    hint: 'set DUCKHOUSE_PASSWORD (or duckhouse user add), --tls-cert and --tls-key; --insecure does without, inside a boundary you trust',
  });
}

function hasAccounts({ password, token, jwt, tlsClientCa, usersFile }: Config): boolean {
  if ([password, token, jwt, tlsClientCa].some((proof) => proof !== undefined)) return true;
  const { users, tokens } = readAccounts(usersFile);
  return users.length > 0 || tokens.length > 0;
}

/** What people who are no administrators see as tables though they are files, and all that DuckDB may open when locked. */
function lockdownOf({
  host,
  trusted,
  workspace,
  stateDir,
  origins,
}: Config): Pick<ServerProcessOptions, 'lakeFolders' | 'openFolders'> {
  const warehouse = origins.get('icebergWarehouse')?.value.replace(/^file:\/\//, '');
  const local = warehouse === undefined || /^\w+:\/\//.test(warehouse) ? [] : [path.resolve(workspace, warehouse)];
  const lakeFolders = [path.join(stateDir, 'lake'), path.join(stateDir, 'cache'), ...local];
  const dataFolders = [path.join(workspace, 'ingestion', 'data')];
  return { lakeFolders, openFolders: loopback.test(host) || trusted ? undefined : [...lakeFolders, ...dataFolders] };
}

function serverProcessOptions(config: Config, memoryLimitBytes: number): ServerProcessOptions {
  const {
    database,
    workers,
    preserveOrder,
    username,
    password,
    putMode,
    maxMessageBytes,
    maxHeaderBytes,
    maxRows,
    logLevel,
    logFormat,
    usersFile,
    tokenKey,
    tokenKeyFile,
    certificateRole,
    jwt,
  } = config;
  return {
    workspace: config.workspace,
    database,
    workers,
    preserveOrder,
    username,
    password,
    tokens: config.token === undefined ? [] : [config.token],
    open: loopback.test(config.host) || config.insecure,
    usersFile,
    tokenKey,
    tokenKeyFile,
    tokenLifetimeMs: config.tokenHours * 3_600_000,
    certificateRole,
    jwt,
    ...lockdownOf(config),
    putMode,
    maxMessageBytes,
    maxHeaderBytes,
    maxRows,
    logLevel,
    logFormat,
    memoryLimitBytes,
    tls: tlsOf(config),
    sessions: {
      groupCommit: config.groupCommit,
      maxSessions: config.maxSessions,
      idleMs: config.sessionIdleSeconds * 1000,
      maxStatements: config.maxStatements,
      maxRunning: config.maxRunning,
    },
    queryTimeoutMs: config.queryTimeoutSeconds === undefined ? undefined : config.queryTimeoutSeconds * 1000,
    version: packageVersion(),
    settings: shownSettings(config),
  };
}

/** A file may hold the certificates of its authorities as well. */
const firstCertificate = (pem: string): string => /-----BEGIN [\s\S]*?-----END [^\n]*-----/.exec(pem)?.[0] ?? pem;

function tlsOf({ tlsCert, tlsKey, tlsClientCa }: Config): ServerProcessOptions['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new DuckhouseError('InvalidArgument', 'TLS needs both --tls-cert and --tls-key', { id: 'tls-incomplete' });
  return {
    cert: readPem(tlsCert),
    key: readPem(tlsKey),
    clientCa: tlsClientCa === undefined ? undefined : readPem(tlsClientCa),
  };
}

function readPem(file: string): string {
  if (!existsSync(file))
    throw new DuckhouseError('InvalidArgument', `file ${file} does not exist`, {
      id: 'file-missing',
      context: { file },
    });
  return readFileSync(file, 'utf8');
}

/** The one line that says where the server is. */
export const readyLine = ({ flight, http }: Supervisor): string => `ready flight=${flight} http=${http}\n`;

/** `duckhouse serve`: resolves with the exit code when the server has ended. */
export async function serveCommand(context: CommandContext): Promise<number> {
  const supervisor = await startServer(context);
  await write(context.stdout, readyLine(supervisor));
  return supervisor.done;
}
