import { type ArrowSchema, type BuiltBatch, decapsulate, decodeSchema, encodeSchema } from '../../src/arrow/index.ts';
import { createChannel } from '../../src/flight/grpc/client-channel.ts';
import { decodeFlightData, encodeFlightData, grpcMessage } from '../../src/flight/proto/flight-data.ts';
import {
  commandDescriptor,
  decodeFlightInfo,
  decodePollInfo,
  decodePutResult,
  decodeResult,
  decodeSchemaResult,
  encodeAction,
  encodeDescriptor,
  encodeTicket,
  type FlightDescriptor,
  type FlightInfo,
  type PollInfo,
} from '../../src/flight/proto/messages.ts';
import { decodeUpdateResult, packAny, unpackAny } from '../../src/flight/proto/sql-messages.ts';
import { bytesField, bytesOf, concat, fieldMap, intOf } from '../../src/flight/proto/wire.ts';
import { rowsOf } from './running-server.ts';

/** A client of bytes, for what foreign clients send: each call as they make it, cookies and tokens kept as they keep them. */
export interface WireClient {
  readonly headers: Record<string, string>;
  /** Basic credentials in the header, the token out of the answer's headers; `waits` as in `update`. */
  handshake(username: string, password: string, waits?: boolean): Promise<void>;
  info(command: Uint8Array): Promise<FlightInfo>;
  poll(descriptor: FlightDescriptor): Promise<PollInfo>;
  schema(command: Uint8Array): Promise<ArrowSchema>;
  /** Rows behind the first endpoint, as clients that know one endpoint read them. */
  rows(info: FlightInfo): Promise<unknown[][]>;
  action(type: string, body: Uint8Array): Promise<Uint8Array[]>;
  /** Rows changed; the client does not end its side before it is answered when `waits`. */
  update(
    command: Uint8Array,
    options?: { batches?: readonly BuiltBatch[]; schema?: ArrowSchema; waits?: boolean },
  ): Promise<number>;
  /** The answers to these messages of a put. */
  put(messages: readonly Uint8Array[]): Promise<Uint8Array[]>;
  prepare(sql: string): Promise<Prepared>;
  close(): void;
}

export interface Prepared {
  readonly handle: Uint8Array;
  readonly datasetSchema: ArrowSchema | undefined;
  readonly parameterSchema: ArrowSchema | undefined;
  readonly isUpdate: boolean;
  query(): Promise<unknown[][]>;
  update(batches?: readonly BuiltBatch[], schema?: ArrowSchema): Promise<number>;
  close(): Promise<void>;
}

export const sqlMessage = (name: string, ...fields: readonly Uint8Array[]): Uint8Array =>
  packAny({ name, value: concat(fields) });
export const text = (field: number, value: string): Uint8Array => bytesField(field, value);

const flight = '/arrow.flight.protocol.FlightService/';
const empty: ArrowSchema = { fields: [] };

export function wireClient(port: number, given: Readonly<Record<string, string>> = {}): WireClient {
  const channel = createChannel({ url: `http://127.0.0.1:${port}` });
  const headers: Record<string, string> = { ...given };

  const ask = async (method: string, messages: readonly Uint8Array[], waits = false): Promise<Uint8Array[]> => {
    const call = await channel.open(flight + method, headers, undefined);
    for (const message of messages) await call.send(message);
    if (!waits) call.half();
    const answers: Uint8Array[] = [];
    for await (const { bytes, release } of call.messages()) {
      answers.push(Buffer.from(Uint8Array.from(bytes)));
      release();
    }
    const received = await call.responseHeaders;
    const cookie = ([received['set-cookie'] ?? []].flat() as string[]).map((one) => one.split(';')[0]);
    if (cookie.length > 0) headers.cookie = cookie.join('; ');
    if (typeof received.authorization === 'string') headers.authorization = received.authorization;
    return answers;
  };
  const one = async (method: string, message: Uint8Array): Promise<Uint8Array> => {
    const [answer] = await ask(method, [grpcMessage(message)]);
    if (answer === undefined) throw new Error(`${method} answered nothing`);
    return answer;
  };

  const client: WireClient = {
    headers,
    async handshake(username, password, waits) {
      headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64').replace(/=+$/, '')}`;
      await ask('Handshake', [], waits);
    },
    info: async (command) => decodeFlightInfo(await one('GetFlightInfo', encodeDescriptor(commandDescriptor(command)))),
    poll: async (descriptor) => decodePollInfo(await one('PollFlightInfo', encodeDescriptor(descriptor))),
    schema: async (command) =>
      decodeSchema(
        decapsulate(decodeSchemaResult(await one('GetSchema', encodeDescriptor(commandDescriptor(command))))),
      ),
    async rows({ endpoints }) {
      const [first, ...rest] = (await ask('DoGet', [grpcMessage(encodeTicket(endpoints[0]?.ticket ?? ''))])).map(
        decodeFlightData,
      );
      if (first === undefined) throw new Error('DoGet answered nothing');
      const messages = (async function* () {
        for (const { header, body } of rest)
          if (header.byteLength > 0)
            yield { metadata: Uint8Array.from(header), body: Uint8Array.from(body), rows: 0, release: () => undefined };
      })();
      return rowsOf({ schema: decodeSchema(Uint8Array.from(first.header)), messages });
    },
    action: async (type, body) => (await ask('DoAction', [grpcMessage(encodeAction(type, body))])).map(decodeResult),
    async update(command, { batches = [], schema = empty, waits = false } = {}) {
      const messages = [
        encodeFlightData({
          descriptor: encodeDescriptor(commandDescriptor(command)),
          header: encodeSchema(schema),
          body: new Uint8Array(0),
        }),
        ...batches.map(({ metadata, body }) => encodeFlightData({ header: metadata, body })),
      ];
      const answers = await ask('DoPut', messages, waits);
      return decodeUpdateResult(decodePutResult(answers.at(-1) ?? new Uint8Array(0)));
    },
    put: (messages) => ask('DoPut', messages),
    async prepare(sql) {
      const [result] = await client.action(
        'CreatePreparedStatement',
        sqlMessage('ActionCreatePreparedStatementRequest', text(1, sql)),
      );
      return preparedOf(client, unpackAny(result ?? new Uint8Array(0))?.value ?? new Uint8Array(0));
    },
    close: () => channel.close(),
  };
  return client;
}

function preparedOf(client: WireClient, result: Uint8Array): Prepared {
  const fields = fieldMap(result);
  const schemaIn = (field: number): ArrowSchema | undefined => {
    const bytes = bytesOf(fields, field);
    return bytes.byteLength === 0 ? undefined : decodeSchema(decapsulate(Uint8Array.from(bytes)));
  };
  const handle = Buffer.from(bytesOf(fields, 1));
  const named = (name: string): Uint8Array => sqlMessage(name, bytesField(1, handle));
  return {
    handle,
    datasetSchema: schemaIn(2),
    parameterSchema: schemaIn(3),
    isUpdate: intOf(fields, 4) !== 0n,
    query: async () => client.rows(await client.info(named('CommandPreparedStatementQuery'))),
    update: (batches = [], schema = empty) =>
      client.update(named('CommandPreparedStatementUpdate'), { batches, schema }),
    async close() {
      await client.action('ClosePreparedStatement', named('ActionClosePreparedStatementRequest'));
    },
  };
}

/** The values of a SqlInfo answer by code. */
export const infoValues = (rows: readonly (readonly unknown[])[]): ReadonlyMap<number, unknown> =>
  new Map(rows.map(([code, value]) => [code as number, value]));
