import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ArrowSchema,
  decapsulate,
  decodeSchema,
  encodeSchema,
  type IpcMessage,
  readMessageHeader,
} from '../arrow/index.ts';
import { DuckhouseError, isDuckhouseError } from '../errors.ts';
import type { AssembledMessage } from './grpc/assembler.ts';
import { type ChannelOptions, type ClientCall, createChannel } from './grpc/client-channel.ts';
import { decodeFlightData, encodeDataless, frameBatch, grpcMessage } from './proto/flight-data.ts';
import {
  type ActionType,
  decodeActionType,
  decodeFlightInfo,
  decodeHealthResponse,
  decodePutResult,
  decodeResult,
  decodeSchemaResult,
  encodeAction,
  encodeCriteria,
  encodeDescriptor,
  encodeHandshake,
  encodeTicket,
  type FlightDescriptor,
  type FlightInfo,
  healthStatus,
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
  readonly tls?: Pick<ChannelOptions, 'ca' | 'cert' | 'key' | 'pinned' | 'insecure'> | undefined;
  /** Sent with each call. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Times a call is made again, each time after a longer pause, when the server cannot be reached or refuses new work;
   * default 3. A call that was sent and then lost its connection may have had its effect: it is made again only when `idempotent`.
   */
  readonly retries?: number | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The server gives up after this; the client, should the server be silent, a little later. */
  readonly timeoutMs?: number | undefined;
  /** Running it twice does no harm, as with a SELECT. */
  readonly idempotent?: boolean | undefined;
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
  /** The body as bytes, or anything else as JSON. */
  doAction(type: string, body?: unknown, options?: CallOptions): Promise<Uint8Array[]>;
  /** The results of an action as they come; what reads no further cancels it. */
  streamAction(type: string, body?: unknown, options?: CallOptions): AsyncGenerator<Uint8Array>;
  listFlights(criteria?: string, options?: CallOptions): AsyncGenerator<FlightInfo>;
  listActions(options?: CallOptions): Promise<ActionType[]>;
  /** Exchanges the credentials for a bearer token, used from then on. */
  handshake(options?: CallOptions): Promise<string | undefined>;
  health(options?: CallOptions): Promise<boolean>;
  close(): void;
}

const flightPath = '/arrow.flight.protocol.FlightService/';
const retryDelayMs = 100;
/** How much longer than the server the client waits at a deadline. */
const silenceMs = 1000;

const mayRetry = (error: unknown, { idempotent = false }: CallOptions): boolean =>
  isDuckhouseError(error) && error.kind === 'Unavailable' && (idempotent || error.id !== 'connection-lost');

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
        ...(timeoutMs === undefined
          ? {}
          : { 'grpc-timeout': `${Math.max(1, Math.min(99_999_999, Math.ceil(timeoutMs)))}m` }),
      },
      timeoutMs === undefined
        ? signal
        : AbortSignal.any([AbortSignal.timeout(timeoutMs + silenceMs), ...(signal === undefined ? [] : [signal])]),
    );

  const retrying = async <T>(call: CallOptions, work: () => Promise<T>): Promise<T> => {
    const retries = options.retries ?? 3;
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= retries || call.signal?.aborted || !mayRetry(error, call)) throw error;
        await sleep(retryDelayMs * 2 ** attempt);
      }
    }
  };

  /** Opens a call, sends its one message and waits for the first answer. */
  const begin = (path: string, message: Uint8Array, call: CallOptions): Promise<Begun> =>
    retrying(call, async () => {
      const opened = await open(path, call);
      await opened.send(grpcMessage(message));
      opened.half();
      const messages = opened.messages();
      return { call: opened, first: await messages.next(), messages };
    });

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
    getFlightInfo: async (descriptor, call = {}) =>
      decodeFlightInfo(await one(`${flightPath}GetFlightInfo`, encodeDescriptor(descriptor), call)),
    getSchema: async (descriptor, call = {}) =>
      decodeSchema(
        decapsulate(
          decodeSchemaResult(
            await one(`${flightPath}GetSchema`, encodeDescriptor(descriptor), { idempotent: true, ...call }),
          ),
        ),
      ),
    doGet,
    query: (sql, call) => doGet(sql, call),
    doPut: async (descriptor, put) =>
      sendPut(await retrying(put, () => open(`${flightPath}DoPut`, put)), descriptor, put),
    doAction: async (type, body, call = {}) =>
      (await collect(`${flightPath}DoAction`, encodeAction(type, actionBody(body)), call)).map(decodeResult),
    async *streamAction(type, body, call = {}) {
      const message = encodeAction(type, actionBody(body));
      for await (const answer of all(`${flightPath}DoAction`, message, call)) yield decodeResult(answer);
    },
    async *listFlights(criteria = '', call = {}) {
      for await (const info of all(`${flightPath}ListFlights`, encodeCriteria(criteria), { idempotent: true, ...call }))
        yield decodeFlightInfo(info);
    },
    listActions: async (call = {}) =>
      (await collect(`${flightPath}ListActions`, new Uint8Array(0), { idempotent: true, ...call })).map(
        decodeActionType,
      ),
    async handshake(call = {}) {
      const begun = await begin(`${flightPath}Handshake`, encodeHandshake(''), { idempotent: true, ...call });
      for (let next = begun.first; next.done !== true; next = await begun.messages.next()) next.value.release();
      const { authorization: granted } = await begun.call.responseHeaders;
      if (typeof granted !== 'string') return undefined;
      authorization = granted;
      return granted.replace(/^Bearer /i, '');
    },
    health: async (call = {}) =>
      decodeHealthResponse(await one('/grpc.health.v1.Health/Check', new Uint8Array(0), call)) === healthStatus.serving,
    close: () => channel.close(),
  };
}

const actionBody = (body: unknown): Uint8Array | string =>
  body instanceof Uint8Array ? body : body === undefined ? '' : JSON.stringify(body);

interface Begun {
  readonly call: ClientCall;
  readonly first: IteratorResult<AssembledMessage, void>;
  readonly messages: AsyncGenerator<AssembledMessage>;
}

function httpUrl(uri: string): string {
  const match = /^(grpc|grpc\+tcp|grpc\+tls|grpcs|http|https):\/\/([^/]+)\/?$/.exec(uri);
  if (match === null)
    throw new DuckhouseError('InvalidArgument', `not a Flight address: ${uri}`, {
      id: 'uri-invalid',
      context: { uri },
      hint: 'grpc://host:port or grpc+tls://host:port',
    });
  const secure = ['grpc+tls', 'grpcs', 'https'].includes(match[1] as string);
  return `${secure ? 'https' : 'http'}://${match[2]}`;
}

function authorizationOf({ username, password, token }: FlightClientOptions): string | undefined {
  if (token !== undefined) return `Bearer ${token}`;
  return password === undefined
    ? undefined
    : `Basic ${Buffer.from(`${username ?? 'admin'}:${password}`, 'utf8').toString('base64')}`;
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
async function sendPut(
  call: ClientCall,
  descriptor: FlightDescriptor,
  { schema, batches }: PutOptions,
): Promise<Uint8Array> {
  const answers = collectAnswers(call);
  answers.catch(() => undefined); // also awaited below
  try {
    await call.send(encodeDataless({ descriptor: encodeDescriptor(descriptor), header: encodeSchema(schema) }));
    for await (const { metadata, body, headroom, release } of batches) {
      if (!(await call.send(frameBatch({ metadata, body, headroom: headroom ?? 0 }), release))) break;
    }
    call.half();
  } catch (error) {
    call.cancel();
    throw error;
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
