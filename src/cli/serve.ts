import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, packageVersion } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';
import { createLogger } from '../log.ts';
import { availableMemory, startSupervisor, type Supervisor } from '../supervisor/index.ts';
import { type CommandContext, note, write } from './effects.ts';
import type { ServerProcessOptions } from './server-process.ts';

const memoryLimitShare = 0.6;
const memoryWallShare = 0.8;

/** Starts the server of the workspace; resolves when it takes calls. */
export async function startServer(context: CommandContext): Promise<Supervisor> {
  const { config, translator } = context;
  checkExposure(config);
  if (config.database !== ':memory:') mkdirSync(path.dirname(config.database), { recursive: true });
  const memory = availableMemory();
  return startSupervisor({
    module: fileURLToPath(new URL('./server-process.js', import.meta.url)),
    childOptions: serverProcessOptions(config, memory),
    host: config.host,
    flightPort: config.flightPort,
    httpPort: config.httpPort,
    stateDir: config.stateDir,
    secure: config.tlsCert !== undefined,
    memoryWall: config.memoryWall ?? Math.round(memory * memoryWallShare),
    drainSeconds: config.drainSeconds,
    version: packageVersion(),
    log: createLogger({ level: config.logLevel, format: config.logFormat, write: (line) => context.stderr.write(line), fields: { pid: process.pid } }),
    onRestart: (reason) => void note(context, translator.t('serve.restarted', { reason })),
  });
}

const loopback = /^(localhost|127(\.\d+){3}|::1)$/;

/** Beyond the loopback address a server needs a password and TLS, unless somebody insists. */
function checkExposure(config: Config): void {
  const protectedServer = (config.password !== undefined || config.token !== undefined) && config.tlsCert !== undefined;
  if (loopback.test(config.host) || protectedServer || config.insecure) return;
  throw new DuckhouseError('InvalidArgument', `listening on ${config.host} needs a password and TLS`, {
    id: 'needs-credentials',
    context: { host: config.host },
    hint: 'set DUCKHOUSE_PASSWORD (or --password-file), --tls-cert and --tls-key; --insecure does without, inside a boundary you trust',
  });
}

function serverProcessOptions(config: Config, memory: number): ServerProcessOptions {
  const { database, workers, preserveOrder, username, password, token, putMode, maxMessageBytes, maxHeaderBytes, maxRows, logLevel, logFormat } = config;
  return {
    database, workers, preserveOrder, username, password, token, putMode, maxMessageBytes, maxHeaderBytes, maxRows, logLevel, logFormat,
    memoryLimitBytes: config.memoryLimit ?? Math.round(memory * memoryLimitShare),
    tls: tlsOf(config),
    queryTimeoutMs: config.queryTimeoutSeconds === undefined ? undefined : config.queryTimeoutSeconds * 1000,
    version: packageVersion(),
  };
}

function tlsOf({ tlsCert, tlsKey, tlsClientCa }: Config): ServerProcessOptions['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new DuckhouseError('InvalidArgument', 'TLS needs both --tls-cert and --tls-key', { id: 'tls-incomplete' });
  return { cert: readPem(tlsCert), key: readPem(tlsKey), clientCa: tlsClientCa === undefined ? undefined : readPem(tlsClientCa) };
}

function readPem(file: string): string {
  if (!existsSync(file)) throw new DuckhouseError('InvalidArgument', `file ${file} does not exist`, { id: 'file-missing', context: { file } });
  return readFileSync(file, 'utf8');
}

/** The one line that says where the server is. */
export const readyLine = ({ flight, http }: Supervisor): string => `ready flight=${flight} http=${http}\n`;

/** `duckhouse serve`: resolves with the exit code when the server has ended. */
export async function serveCommand(context: CommandContext): Promise<number> {
  const supervisor = await startServer(context);
  stopOnSignals(context, supervisor);
  await write(context.stdout, readyLine(supervisor));
  return supervisor.done;
}

/** The first signal drains, the second stops at once. */
export function stopOnSignals(context: CommandContext, supervisor: Supervisor): void {
  let first = true;
  const stop = (): void => {
    if (first) void note(context, context.translator.t('serve.draining', { seconds: context.config.drainSeconds }));
    first = false;
    supervisor.stop();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
