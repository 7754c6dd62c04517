import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import net from 'node:net';
import { freemem, totalmem } from 'node:os';
import path from 'node:path';
import { isRunning, packageVersion, readServerFile, type ServerFile } from '../config/index.ts';
import { DuckhouseError, toDuckhouseError } from '../errors.ts';
import { toCommandError } from './command-error.ts';
import { type CommandContext, write } from './effects.ts';
import { bytesText } from './progress.ts';

interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly fix?: string | undefined;
}

const lowDiskBytes = 1e9;
const lowMemoryBytes = 5e8;
const marks = { ok: '✓', warning: '!', error: '✗' } as const;

/** `duckhouse doctor`: one line a check, each with its fix. Fails when one of them is an error. */
export async function doctorCommand(context: CommandContext, { json }: { readonly json: boolean }): Promise<void> {
  const findings = await examine(context);
  const text = json
    ? `${JSON.stringify(findings)}\n`
    : findings
        .map(({ status, message, fix }) => `${marks[status]} ${message}${fix === undefined ? '' : `\n    ${fix}`}\n`)
        .join('');
  await write(context.stdout, text);
  const broken = findings.filter(({ status }) => status === 'error');
  if (broken.length > 0) throw new DuckhouseError('InvalidArgument', broken.map(({ message }) => message).join('; '));
}

async function examine(context: CommandContext): Promise<Finding[]> {
  const { config, translator } = context;
  const { t } = translator;
  const running = readServerFile(config.stateDir);
  const findings: Finding[] = [
    {
      check: 'node',
      status: 'ok',
      message: t('doctor.node', { version: process.version, platform: `${process.platform}-${process.arch}` }),
    },
    await library(context),
    {
      check: 'memory',
      status: freemem() < lowMemoryBytes ? 'warning' : 'ok',
      message: t('doctor.memory', { free: bytesText(freemem(), translator), total: bytesText(totalmem(), translator) }),
    },
    await disk(context),
    { check: 'config', status: 'ok', message: t('doctor.config') },
  ];
  if (running !== undefined && isRunning(running.serverPid)) return [...findings, await server(context, running)];
  return [
    ...findings,
    { check: 'server', status: 'ok', message: t('doctor.noServer') },
    ...(await Promise.all([config.flightPort, config.httpPort].map((port) => freePort(context, port)))),
    await database(context),
  ];
}

async function library({ translator }: CommandContext): Promise<Finding> {
  try {
    const { openEngine } = await import('../engine/index.ts');
    const engine = await openEngine({ database: ':memory:' });
    await engine.close();
    return {
      check: 'library',
      status: 'ok',
      message: translator.t('doctor.library', { version: engine.duckdbVersion }),
    };
  } catch (failure) {
    const { message, hint } = translator.error(toDuckhouseError(failure));
    return { check: 'library', status: 'error', message, fix: hint };
  }
}

async function disk({ config, translator }: CommandContext): Promise<Finding> {
  const { bavail, bsize } = await statfs(config.workspace);
  const free = bavail * bsize;
  return {
    check: 'disk',
    status: free < lowDiskBytes ? 'warning' : 'ok',
    message: translator.t('doctor.disk', { free: bytesText(free, translator), folder: config.workspace }),
  };
}

async function server({ translator }: CommandContext, { flight, http, version }: ServerFile): Promise<Finding> {
  const own = packageVersion();
  if (version !== own)
    return {
      check: 'server',
      status: 'warning',
      message: translator.t('doctor.serverVersion', { address: flight, version, own }),
    };
  const reached = await fetch(`${http}/readyz`, { signal: AbortSignal.timeout(3000) }).then(
    (response) => response.ok,
    () => false,
  );
  return {
    check: 'server',
    status: reached ? 'ok' : 'error',
    message: translator.t(reached ? 'doctor.server' : 'doctor.serverSilent', { address: flight }),
  };
}

function freePort({ config, translator }: CommandContext, port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () =>
      resolve({
        check: 'port',
        status: 'warning',
        message: translator.t('doctor.portBusy', { port }),
        fix: '--flight-port 0 --http-port 0',
      }),
    );
    probe.listen(port, config.host, () =>
      probe.close(() => resolve({ check: 'port', status: 'ok', message: translator.t('doctor.port', { port }) })),
    );
  });
}

async function database({ config, translator }: CommandContext): Promise<Finding> {
  const usable: Finding = {
    check: 'database',
    status: 'ok',
    message: translator.t('doctor.lock', { database: config.database }),
  };
  if (config.database === ':memory:') return usable;
  try {
    if (!existsSync(config.database)) {
      accessSync(existingFolder(path.dirname(config.database)), constants.W_OK);
      return usable;
    }
    const { openEngine } = await import('../engine/index.ts');
    await (await openEngine({ database: config.database, readOnly: true })).close();
    return usable;
  } catch (failure) {
    const { message, hint } = translator.error(toCommandError(failure));
    return { check: 'database', status: 'error', message, fix: hint };
  }
}

/** The folder itself, or the nearest one above it that is there. */
function existingFolder(folder: string): string {
  return existsSync(folder) || folder === path.dirname(folder) ? folder : existingFolder(path.dirname(folder));
}
