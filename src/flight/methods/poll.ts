import type { CallContext } from '../calls/context.ts';
import { parseTimeout } from '../grpc/deadline.ts';
import type { Begin } from '../polls.ts';
import { encodePollInfo, type FlightDescriptor } from '../proto/messages.ts';
import { infoOf } from './flight-info.ts';

/**
 * Begins a statement, or asks after it: answered when it is ready to be fetched, or with how far it is. Clients ask again at
 * ever longer intervals, up to some seconds: waiting here tells them sooner.
 */
export async function pollFlightInfo(context: CallContext, descriptor: FlightDescriptor): Promise<Uint8Array> {
  const timeout = context.call.headers['grpc-timeout'];
  const deadlineMs = parseTimeout(typeof timeout === 'string' ? timeout : undefined) ?? Number.POSITIVE_INFINITY;
  const waitMs = Math.min(context.limits.pollWaitMs, deadlineMs / 2);
  const { principal, tickets, call } = context;
  context.session(); // now, while its cookie can still be set
  const begin: Begin = (polled, signal) =>
    infoOf({ ...context, call: { ...call, signal, setQueryId: () => undefined }, polled }, descriptor);
  return encodePollInfo(
    await context.polls.poll({
      descriptor,
      owner: principal.name,
      begin,
      cancel: (queryId) => tickets.cancel(queryId, principal.name),
      waitMs,
      signal: call.signal,
    }),
  );
}
