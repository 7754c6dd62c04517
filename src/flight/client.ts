import { setTimeout as sleep } from 'node:timers/promises';
import { type ArrowSchema, decapsulate, decodeSchema, encodeSchema, type IpcMessage, readMessageHeader } from '../arrow/index.ts';
import { DuckhouseError, isDuckhouseError } from '../errors.ts';
import type { AssembledMessage } from './grpc/assembler.ts';
import { type ChannelOptions, type ClientCall, createChannel } from './grpc/client-channel.ts';
import { decodeFlightData, encodeDataless, frameBatch, grpcMessage } from './proto/flight-data.ts';
import {
  type ActionType, decodeActionType, decodeFlightInfo, decodeHealthResponse, decodePutResult, decodeResult, decodeSchemaResult,
  encodeAction, encodeCriteria, encodeDescriptor, encodeHandshake, encodeTicket, type FlightDescriptor, type FlightInfo, healthStatus,
} from './proto/messages.ts';

export type { ActionType, FlightDescriptor, FlightEndpoint, FlightInfo } from './proto/messages.ts';
export { commandDescriptor, pathDescriptor } from './proto/messages.ts';

export interface FlightClientOptions {
  /** `grpc://host:port`, or `grpc+tls://host:port`. */
  readonly uri: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A bearer token. */
  readonly token?: string | undefined;
  readonly tls?: Pick<ChannelOptions, 'ca' | 'cert' | 'key' | 'insecure'> | undefined;
  /** Sent with each call. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Times a call is made again when the server is not available; default 3. */
  readonly retries?: number | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The server gives up after this. */
  readonly timeoutMs?: number | undefined;
}

/** A record or dictionary batch; its memory may be reused after `release`. */
export interface FlightMessage extends IpcMessage {
  readonly rows: number;
  release(): void;
}

export interface FlightStream {
  readonly schema: ArrowSchema;
  readonly messages: AsyncIterable<FlightMessage>;
}

/** A batch to send; `headroom` bytes before the body may be overwritten. */
export interface OutgoingBatch extends IpcMessage {
  readonly headroom?: number;
  release?(): void;
}

export interface PutOptions extends CallOptions {
  readonly schema: ArrowSchema;
  readonly batches: AsyncIterable<OutgoingBatch>;
}

/** A Flight client over one connection. Errors are DuckhouseErrors; against our own server with their hint and context. */
export interface FlightClient {
  getFlightInfo(descriptor: FlightDescriptor, options?: CallOptions): Promise<FlightInfo>;
  getSchema(descriptor: FlightDescriptor, options?: CallOptions): Promise<ArrowSchema>;
  doGet(ticket: string | Uint8Array, options?: CallOptions): Promise<FlightStream>;
  /** Runs SQL in one call. */
  query(sql: string, options?: CallOptions): Promise<FlightStream>;
  /** Sends a stream; resolves with the metadata of the last PutResult. */
  doPut(descriptor: FlightDescriptor, options: PutOptions): Promise<Uint8Array>;
  doAction(type: string, body?: unknown, options?: CallOptions): Promise<Uint8Array[]>;
  listFlights(criteria?: string, options?: CallOptions): AsyncGenerator<FlightInfo>;
  listActions(options?: CallOptions): Promise<ActionType[]>;
  /** Exchanges the credentials for a bearer token, used from then on. */
  handshake(options?: CallOptions): Promise<string | undefined>;
  health(options?: CallOptions): Promise<boolean>;
  close(): void;
}

const flightPath = '/arrow.flight.protocol.FlightService/';
const retryDelayMs = 100;

export function connectFlight(options: FlightClientOptions): FlightClient {
  const channel = createChannel({ url: httpUrl(options.uri), ...options.tls });
  let authorization = authorizationOf(options);

  const open = (path: string, { headers, timeoutMs, signal }: CallOptions): Promise<ClientCall> =>
    channel.open(
      path,
      {
        ...options.headers,
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
        ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${Math.max(1, Math.min(99_999_999, Math.ceil(timeoutMs)))}m` }),
      },
      signal,
    );

  /** Opens a call, sends its one message and waits for the first answer; tried again while the server is not available. */
  const begin = async (path: string, message: Uint8Array, call: CallOptions): Promise<Begun> => {
    const retries = options.retries ?? 3;
    for (let attempt = 0; ; attempt++) {
      try {
        const opened = await open(path, call);
        await opened.send(grpcMessage(message));
        opened.half();
        const messages = opened.messages();
        return { call: opened, first: await messages.next(), messages };
      } catch (error) {
        if (attempt >= retries || !isDuckhouseError(error) || error.kind !== 'Unavailable' || call.signal?.aborted) throw error;
        await sleep(retryDelayMs * 2 ** attempt);
      }
    }
  };

  const all = async function* (path: string, message: Uint8Array, call: CallOptions): AsyncGenerator<Uint8Array> {
    const { first, messages } = await begin(path, message, call);
    for (let next = first; next.done !== true; next = await messages.next()) {
      const copy = Buffer.from(Uint8Array.from(next.value.bytes));
      next.value.release();
      yield copy;
    }
  };
  const collect = async (path: string, message: Uint8Array, call: CallOptions): Promise<Uint8Array[]> => {
    const answers: Uint8Array[] = [];
    for await (const answer of all(path, message, call)) answers.push(answer);
    return answers;
  };
  const one = async (path: string, message: Uint8Array, call: CallOptions): Promise<Uint8Array> => {
    const [answer] = await collect(path, message, call);
    if (answer === undefined) throw new DuckhouseError('DataInvalid', 'the server answered with nothing');
    return answer;
  };

  const doGet = async (ticket: string | Uint8Array, call: CallOptions = {}): Promise<FlightStream> =>
    openStream(await begin(`${flightPath}DoGet`, encodeTicket(ticket), call));

  return {
    getFlightInfo: async (descriptor, call = {}) => decodeFlightInfo(await one(`${flightPath}GetFlightInfo`, encodeDescriptor(descriptor), call)),
    getSchema: async (descriptor, call = {}) => decodeSchema(decapsulate(decodeSchemaResult(await one(`${flightPath}GetSchema`, encodeDescriptor(descriptor), call)))),
    doGet,
    query: (sql, call) => doGet(sql, call),
    doPut: async (descriptor, put) => sendPut(await open(`${flightPath}DoPut`, put), descriptor, put),
    doAction: async (type, body, call = {}) =>
      (await collect(`${flightPath}DoAction`, encodeAction(type, body === undefined ? '' : JSON.stringify(body)), call)).map(decodeResult),
    async *listFlights(criteria = '', call = {}) {
      for await (const info of all(`${flightPath}ListFlights`, encodeCriteria(criteria), call)) yield decodeFlightInfo(info);
    },
    listActions: async (call = {}) => (await collect(`${flightPath}ListActions`, new Uint8Array(0), call)).map(decodeActionType),
    async handshake(call = {}) {
      const begun = await begin(`${flightPath}Handshake`, encodeHandshake(''), call);
      for (let next = begun.first; next.done !== true; next = await begun.messages.next()) next.value.release();
      const { authorization: granted } = await begun.call.responseHeaders;
      if (typeof granted !== 'string') return undefined;
      authorization = granted;
      return granted.replace(/^Bearer /i, '');
    },
    health: async (call = {}) => decodeHealthResponse(await one('/grpc.health.v1.Health/Check', new Uint8Array(0), call)) === healthStatus.serving,
    close: () => channel.close(),
  };
}

interface Begun {
  readonly call: ClientCall;
  readonly first: IteratorResult<AssembledMessage, void>;
  readonly messages: AsyncGenerator<AssembledMessage>;
}

function httpUrl(uri: string): string {
  const match = /^(grpc|grpc\+tcp|grpc\+tls|grpcs|http|https):\/\/([^/]+)\/?$/.exec(uri);
  if (match === null) throw new DuckhouseError('InvalidArgument', `not a Flight address: ${uri}`, { id: 'uri-invalid', context: { uri }, hint: 'grpc://host:port or grpc+tls://host:port' });
  const secure = ['grpc+tls', 'grpcs', 'https'].includes(match[1] as string);
  return `${secure ? 'https' : 'http'}://${match[2]}`;
}

function authorizationOf({ username, password, token }: FlightClientOptions): string | undefined {
  if (token !== undefined) return `Bearer ${token}`;
  return password === undefined ? undefined : `Basic ${Buffer.from(`${username ?? 'admin'}:${password}`, 'utf8').toString('base64')}`;
}

async function openStream({ first, messages }: Begun): Promise<FlightStream> {
  if (first.done === true) throw new DuckhouseError('DataInvalid', 'the server sent no schema');
  const { header } = decodeFlightData(first.value.bytes);
  const schema = decodeSchema(Uint8Array.from(header));
  first.value.release();
  return { schema, messages: readBatches(messages) };
}

async function* readBatches(messages: AsyncGenerator<AssembledMessage>): AsyncGenerator<FlightMessage> {
  for await (const { bytes, release } of messages) {
    const { header, body } = decodeFlightData(bytes);
    if (header.byteLength === 0) release();
    else yield { metadata: header, body, rows: readMessageHeader(header).rows, release };
  }
}

/** A put that fails is an error here, however late the server says so: nothing counts before the stream's trailers. */
async function sendPut(call: ClientCall, descriptor: FlightDescriptor, { schema, batches }: PutOptions): Promise<Uint8Array> {
  const answers = collectAnswers(call);
  answers.catch(() => undefined); // also awaited below
  try {
    await call.send(encodeDataless({ descriptor: encodeDescriptor(descriptor), header: encodeSchema(schema) }));
    for await (const { metadata, body, headroom, release } of batches) await call.send(frameBatch({ metadata, body, headroom: headroom ?? 0 }), release);
    call.half();
  } catch (error) {
    // The server's own reason, when it has given one, says more than the broken stream.
    if (!isDuckhouseError(error) || error.id !== 'connection-lost') call.cancel();
    throw isDuckhouseError(error) ? error : await answers.then(() => error, (reason: unknown) => (isDuckhouseError(reason) && reason.kind !== 'Unavailable' ? reason : error));
  }
  const results = await answers;
  return results.at(-1) ?? new Uint8Array(0);
}

async function collectAnswers(call: ClientCall): Promise<Uint8Array[]> {
  const results: Uint8Array[] = [];
  for await (const message of call.messages()) {
    results.push(decodePutResult(Uint8Array.from(message.bytes)));
    message.release();
  }
  return results;
}

