import { authorise, guardOf, type Principal } from '../access/index.ts';
import { isFatal } from '../engine/index.ts';
import { DuckhouseError, toDuckhouseError } from '../errors.ts';
import { flightActions, parseBody } from './actions.ts';
import type { CallContext, ServiceContext } from './calls/context.ts';
import type { ServerCall } from './grpc/server-call.ts';
import { codeOf } from './grpc/status.ts';
import type { HostState } from './host.ts';
import { doGet } from './methods/do-get.ts';
import { doPut } from './methods/do-put.ts';
import { getFlightInfo, getSchema, listFlights } from './methods/flight-info.ts';
import { credentialsOf, handshake } from './methods/handshake.ts';
import { health } from './methods/health.ts';
import { type Method, streaming, unary } from './methods/method.ts';
import { pollFlightInfo } from './methods/poll.ts';
import { decodeAction, decodeDescriptor, encodeActionType, encodeResult } from './proto/messages.ts';
import { protocolActions } from './protocol-actions.ts';
import type { FlightAction } from './types.ts';

async function* doAction(context: CallContext, message: Uint8Array): AsyncGenerator<Uint8Array> {
  const { type, body } = decodeAction(message);
  const protocolAction = protocolActions.get(type);
  if (protocolAction !== undefined) {
    authorise(context.principal, { operation: 'action', subject: type, role: 'reader' });
    for (const result of await protocolAction.run(context, body)) yield encodeResult(result);
    return;
  }
  const action = context.actions.get(type);
  if (action === undefined)
    throw new DuckhouseError('Unsupported', `unknown action "${type}"`, {
      id: 'action-unknown',
      context: { action: type, actions: [...protocolActions.keys(), ...context.actions.keys()] },
    });
  authorise(context.principal, { operation: 'action', subject: type, role: action.role });
  const given = parseBody(action, body);
  const used = {
    lakehouse: context.lakehouse,
    principal: context.principal,
    guard: context.guard,
    sessions: context.sessions,
    signal: context.call.signal,
  };
  if (action.stream === undefined) yield encodeResult(jsonOf(await action.run(given, used)));
  else for await (const result of action.stream(given, used)) yield encodeResult(jsonOf(result));
}

const jsonOf = (result: unknown): string =>
  JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));

const unsupported =
  (name: string): Method<CallContext> =>
  async () => {
    throw new DuckhouseError('Unsupported', `${name} is not supported`, {
      id: 'method-unsupported',
      context: { method: name },
    });
  };

const methods: Readonly<Record<string, Method<CallContext>>> = {
  GetFlightInfo: unary((context, message) => getFlightInfo(context, decodeDescriptor(message))),
  GetSchema: unary((context, message) => getSchema(context, decodeDescriptor(message))),
  DoGet: async (context) => doGet(context, await context.call.message()),
  DoPut: doPut,
  ListFlights: streaming(listFlights),
  ListActions: streaming(({ actions }) =>
    [...[...protocolActions.values()].filter(({ refused }) => refused !== true), ...actions.values()].map(
      encodeActionType,
    ),
  ),
  DoAction: streaming(doAction),
  DoExchange: unsupported('DoExchange'),
  PollFlightInfo: unary((context, message) => pollFlightInfo(context, decodeDescriptor(message))),
};

export const actionTable = (more: readonly FlightAction[] = []): ReadonlyMap<string, FlightAction> =>
  new Map([...flightActions, ...more].map((action) => [action.type, action]));

const flightPath = '/arrow.flight.protocol.FlightService/';
const healthPath = '/grpc.health.v1.Health/';

/** Answers one call, whatever happens: an error becomes its status, once. */
export async function serve(context: ServiceContext, call: ServerCall, { draining }: HostState): Promise<void> {
  const path = String(call.headers[':path']);
  const method = path.startsWith(flightPath) ? path.slice(flightPath.length) : path;
  const startedAt = performance.now();
  let code = 'OK';
  context.metrics.started();
  try {
    await dispatch(context, call, { method, path, draining });
  } catch (failure) {
    // What an aborted call fails with is only the echo of the reason.
    const error: unknown = call.signal.aborted ? call.signal.reason : failure;
    code = report(context, method, error);
    call.end(error);
  } finally {
    context.metrics.bytes('out', call.bytesOut());
    context.metrics.bytes('in', call.bytesIn());
    context.metrics.finished({
      method: Object.hasOwn(methods, method) || method === 'Handshake' ? method : 'other',
      code,
      seconds: (performance.now() - startedAt) / 1000,
    });
  }
}

/** Named one by one: copying objects whole is slow, and this is done for every call. */
function callContext(service: ServiceContext, call: ServerCall, principal: Principal): CallContext {
  const { session, presentSession, endSession } = service.finder.of(call, principal);
  return {
    lakehouse: service.lakehouse,
    authenticator: service.authenticator,
    gate: service.gate,
    tickets: service.tickets,
    sessions: service.sessions,
    finder: service.finder,
    prepared: service.prepared,
    polls: service.polls,
    actions: service.actions,
    putMode: service.putMode,
    limits: service.limits,
    metrics: service.metrics,
    log: service.log,
    onFatal: service.onFatal,
    session,
    presentSession,
    endSession,
    call,
    principal,
    guard: guardOf(principal, service.gate),
  };
}

interface Dispatch {
  readonly method: string;
  readonly path: string;
  readonly draining: () => boolean;
}

async function dispatch(
  context: ServiceContext,
  call: ServerCall,
  { method, path, draining }: Dispatch,
): Promise<void> {
  if (path.startsWith(healthPath)) return health(call, path.slice(healthPath.length), draining);
  if (draining()) throw new DuckhouseError('Unavailable', 'the server is shutting down', { id: 'draining' });
  if (method === 'Handshake') return handshake(context, call);
  const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (run === undefined) return unsupported(path)(context as CallContext);
  const { authenticator } = context;
  const principal = await authenticator.authenticate(credentialsOf(call));
  const renewed = authenticator.renewToken(principal);
  if (renewed !== undefined) call.setInitialMetadata({ authorization: `Bearer ${renewed}` });
  return run(callContext(context, call, principal));
}

function report({ log, onFatal }: ServiceContext, method: string, failure: unknown): string {
  const error = toDuckhouseError(failure);
  if (isFatal(error)) setImmediate(onFatal, error); // after the status is on its way
  if (error.kind === 'Internal') log.error('flight call failed', { method, error: failure });
  else if (error.kind !== 'Cancelled')
    log.debug('flight call refused', { method, kind: error.kind, message: error.message });
  return codeOf(error);
}
