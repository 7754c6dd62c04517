import { setTimeout as sleep } from 'node:timers/promises';
import { DuckhouseError } from '../../errors.ts';
import type { ServerCall } from '../grpc/server-call.ts';
import { decodeHealthRequest, encodeHealthResponse, healthStatus } from '../proto/messages.ts';

const pollMs = 500;
const services: ReadonlySet<string> = new Set(['', 'arrow.flight.protocol.FlightService']);

/** grpc.health.v1.Health: Check and Watch. It needs no credentials, as load balancers have none. */
export async function health(call: ServerCall, method: string, draining: () => boolean): Promise<void> {
  if (method !== 'Check' && method !== 'Watch') {
    throw new DuckhouseError('Unsupported', `${method} is not supported`, {
      id: 'method-unsupported',
      context: { method },
    });
  }
  const service = decodeHealthRequest(await call.message());
  if (method === 'Watch') return watch(call, () => statusOf(service, draining()));
  if (!services.has(service)) throw new DuckhouseError('NotFound', `unknown service ${service}`);
  await call.send(encodeHealthResponse(statusOf(service, draining())));
  call.end();
}

function statusOf(service: string, draining: boolean): number {
  if (!services.has(service)) return healthStatus.serviceUnknown;
  return draining ? healthStatus.notServing : healthStatus.serving;
}

/** Tells each change until the client has heard enough. */
async function watch(call: ServerCall, status: () => number): Promise<void> {
  let told: number | undefined;
  while (!call.signal.aborted) {
    const current = status();
    if (current !== told) await call.send(encodeHealthResponse(current));
    told = current;
    await sleep(pollMs, undefined, { signal: call.signal }).catch(() => undefined); // the loop sees the abort
  }
  call.end();
}
