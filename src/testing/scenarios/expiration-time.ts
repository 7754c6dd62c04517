import { buildBatch } from '../../arrow/index.ts';
import {
  type Called,
  cancelStatus,
  decodeAction,
  decodeCancelRequest,
  decodeDescriptor,
  decodeRenewRequest,
  decodeTicket,
  encodeActionType,
  encodeEndpoint,
  encodeFlightInfo,
  encodeResult,
  encodeStatusResult,
  type FlightEndpoint,
  streaming,
  unary,
} from '../../flight/index.ts';
import { infoOf, invalid, numberSchema, type Scenario, sendStream } from './scenario.ts';

interface EndpointState {
  expirationTime: Date | undefined;
  gets: number;
  cancelled: boolean;
}

const schema = numberSchema(false);
const renewalMs = 10_000;

/** Endpoints that expire, are renewed and cancelled: one that may be read once, two that may be read again. */
export function expirationTimeScenario(): Scenario {
  let endpoints: EndpointState[] = [];
  const stateOf = (ticket: string): { readonly index: number; readonly state: EndpointState } => {
    const index = Number(ticket.split(':')[0]);
    const state = endpoints[index];
    if (state === undefined) throw invalid(`invalid flight: ${ticket}`);
    return { index, state };
  };
  const add = (text: string, seconds?: number): FlightEndpoint => {
    const expirationTime = seconds === undefined ? undefined : new Date(Date.now() + seconds * 1000);
    endpoints.push({ expirationTime, gets: 0, cancelled: false });
    return { ticket: Buffer.from(`${endpoints.length - 1}: ${text}`), locations: [], expirationTime };
  };
  const cancel = (body: Uint8Array): Uint8Array => {
    const states = decodeCancelRequest(body).endpoints.map(({ ticket }) => stateOf(textOf(ticket)).state);
    const before = states.some(({ cancelled }) => cancelled);
    for (const state of states) state.cancelled = true;
    return encodeStatusResult(before ? cancelStatus.notCancellable : cancelStatus.cancelled);
  };
  const renew = (body: Uint8Array): Uint8Array => {
    const endpoint = decodeRenewRequest(body);
    const { state } = stateOf(textOf(endpoint.ticket));
    state.expirationTime = new Date(Date.now() + renewalMs);
    const ticket = Buffer.from(`${textOf(endpoint.ticket)}: renewed (+ 10 seconds)`);
    return encodeEndpoint({ ...endpoint, ticket, expirationTime: state.expirationTime });
  };
  const actions: Readonly<Record<string, (body: Uint8Array) => Uint8Array>> = {
    CancelFlightInfo: cancel,
    RenewFlightEndpoint: renew,
  };

  return {
    GetFlightInfo: unary((_: Called, message) => {
      endpoints = [];
      return encodeFlightInfo(
        infoOf(decodeDescriptor(message), schema, {
          endpoints: [add('No expiration time'), add('5 seconds', 5), add('6 seconds', 6)],
        }),
      );
    }),
    DoGet: async ({ call }) => {
      const ticket = textOf(decodeTicket(await call.message()));
      const { index, state } = stateOf(ticket);
      if (state.cancelled) throw invalid(`invalid flight: cancelled: ${ticket}`);
      if (state.expirationTime === undefined && state.gets > 0)
        throw invalid(`invalid flight: can't read multiple times: ${ticket}`);
      if (state.expirationTime !== undefined && state.expirationTime.getTime() < Date.now())
        throw invalid(`invalid flight: expired: ${ticket}`);
      state.gets++;
      await sendStream(call, schema, [buildBatch(schema, [[index]])]);
    },
    ListActions: streaming(() => Object.keys(actions).map((type) => encodeActionType({ type, description: '' }))),
    DoAction: streaming((_: Called, message) => {
      const { type, body } = decodeAction(message);
      const run = actions[type];
      if (run === undefined) throw invalid(`unsupported action: ${type}`);
      return [encodeResult(run(body))];
    }),
  };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
