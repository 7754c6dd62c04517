import { readServerFile } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';
import { type CommandContext, write } from './effects.ts';
import { clientOf } from './flight-client.ts';

/** `duckhouse health`: the workspace's server over HTTP, another over gRPC. Unavailable (exit 5) when it is not ready. */
export async function healthCommand(
  { config, stdout, translator }: CommandContext,
  { json }: { readonly json: boolean },
): Promise<void> {
  const running = config.server === undefined ? readServerFile(config.stateDir) : undefined;
  if (config.server === undefined && running === undefined) throw noServer();
  if (config.server !== undefined) await checkGrpc(config.server, () => clientOf(config, config.server as string));
  else await checkHttp(running?.http as string);
  const server = config.server ?? running?.flight;
  await write(stdout, json ? `${JSON.stringify({ ready: true, server })}\n` : `${translator.t('health.ready')}\n`);
}

const notReady = (reason: string): DuckhouseError =>
  new DuckhouseError('Unavailable', `not ready: ${reason}`, { id: 'not-ready', context: { reason } });

const noServer = (): DuckhouseError =>
  new DuckhouseError('Unavailable', 'not ready: no server runs in this workspace', {
    id: 'no-server',
    hint: 'duckhouse serve',
  });

async function checkGrpc(uri: string, connect: () => ReturnType<typeof clientOf>): Promise<void> {
  const client = connect();
  try {
    if (!(await client.health({ timeoutMs: 5000 }))) throw notReady(uri);
  } finally {
    client.close();
  }
}

async function checkHttp(address: string): Promise<void> {
  // A server that listens everywhere is asked on this machine's own address.
  const url = `${address.replace(/\/\/(0\.0\.0\.0|\[::\]):/, '//127.0.0.1:')}/readyz`;
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch((error: Error) =>
    Promise.reject(notReady(error.message)),
  );
  const state = (await response.json()) as { readonly ready: boolean; readonly reason?: string };
  if (!state.ready) throw notReady(state.reason ?? String(response.status));
}
