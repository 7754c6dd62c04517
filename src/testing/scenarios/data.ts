import {
  type ArrowSchema,
  createBatchDecoder,
  decodeSchema,
  encodeSchema,
  readMessageHeader,
} from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import {
  type Called,
  decodeDescriptor,
  decodeFlightData,
  decodeTicket,
  encodeDataless,
  encodeFlightData,
  encodeFlightInfo,
  encodePutResult,
  type FlightData,
  type ServerCall,
  unary,
} from '../../flight/index.ts';
import { infoOf, invalid, type Scenario } from './scenario.ts';

interface DataSet {
  readonly schema: ArrowSchema;
  readonly messages: readonly FlightData[];
  readonly rows: number;
}

/** The plain data files: what is put under a path is given back from it, batch by batch with its metadata. */
export function dataScenario({ port }: { readonly port: () => number }): Scenario {
  const sets = new Map<string, DataSet>();
  const find = (name: string): DataSet => {
    const found = sets.get(name);
    if (found === undefined) throw new DuckhouseError('NotFound', `could not find flight: ${name}`);
    return found;
  };
  return {
    DoPut: async ({ call }) => {
      const { name, ...set } = await receive(call);
      sets.set(name, set);
      call.end();
    },
    GetFlightInfo: unary(async (_: Called, message) => {
      const descriptor = decodeDescriptor(message);
      const name = descriptor.path[0];
      if (descriptor.type !== 'PATH' || name === undefined) throw invalid('must specify a path');
      const { schema, rows } = find(name);
      return encodeFlightInfo(
        infoOf(descriptor, schema, {
          endpoints: [{ ticket: Buffer.from(name), locations: [`grpc+tcp://127.0.0.1:${port()}`] }],
          totalRecords: rows,
        }),
      );
    }),
    DoGet: async ({ call }) => {
      const { schema, messages } = find(Buffer.from(decodeTicket(await first(call))).toString('utf8'));
      await call.sendFramed(encodeDataless({ header: encodeSchema(schema) }));
      for (const { header, body, appMetadata } of messages)
        await call.sendFramed(encodeFlightData({ header, body, appMetadata }));
      call.end();
    },
  };
}

async function first(call: ServerCall): Promise<Uint8Array> {
  for await (const { bytes } of call.messages()) return Buffer.from(bytes);
  throw invalid('a call without a message');
}

/** Each batch is decoded whole, so that data which is not understood is an error, and acknowledged with its metadata. */
async function receive(call: ServerCall): Promise<DataSet & { readonly name: string }> {
  const stream = call.messages();
  const opening = await stream.next();
  if (opening.done === true) throw invalid('DoPut without a message');
  const { descriptor, header } = decodeFlightData(Buffer.from(opening.value.bytes));
  const name = descriptor === undefined ? undefined : decodeDescriptor(descriptor).path[0];
  if (name === undefined) throw invalid('must specify a path');
  const schema = decodeSchema(Uint8Array.from(header));
  const decoder = createBatchDecoder(schema);
  const messages: FlightData[] = [];
  let rows = 0;
  for await (const { bytes, release } of stream) {
    const data = decodeFlightData(Buffer.from(bytes));
    release();
    messages.push(data);
    rows += decoder.decode({ metadata: Uint8Array.from(data.header), body: data.body })?.length ?? 0;
    if (data.appMetadata.byteLength > 0 && readMessageHeader(Uint8Array.from(data.header)).kind === 'recordBatch')
      await call.send(encodePutResult(data.appMetadata));
  }
  return { name, schema, messages, rows };
}
