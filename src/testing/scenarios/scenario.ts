import { type ArrowSchema, encapsulate, encodeSchema, type IpcMessage } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import {
  type Called,
  encodeDataless,
  type FlightDescriptor,
  type FlightInfo,
  frameBatch,
  type Method,
  type ServerCall,
} from '../../flight/index.ts';

/** What a server of one scenario answers, by Flight's method names. */
export type Scenario = Readonly<Record<string, Method<Called>>>;

export const invalid = (message: string): DuckhouseError => new DuckhouseError('InvalidArgument', message);

/** The server's side of the suite's own assertions. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw invalid(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

export const schemaBytes = (schema: ArrowSchema): Uint8Array => encapsulate(encodeSchema(schema));

/** An info with what the scenarios leave alike. */
export const infoOf = (
  descriptor: FlightDescriptor,
  schema: ArrowSchema,
  rest: Partial<FlightInfo> & Pick<FlightInfo, 'endpoints'>,
): FlightInfo => ({
  schema: schemaBytes(schema),
  descriptor,
  totalRecords: -1,
  totalBytes: -1,
  ordered: false,
  appMetadata: new Uint8Array(0),
  ...rest,
});

export async function sendStream(
  call: ServerCall,
  schema: ArrowSchema,
  batches: readonly IpcMessage[] = [],
): Promise<void> {
  await call.sendFramed(encodeDataless({ header: encodeSchema(schema) }));
  for (const batch of batches) await call.sendFramed(frameBatch({ ...batch, headroom: 0 }));
  call.end();
}

/** One column of 32-bit integers, as most scenarios send. */
export const numberSchema = (signed: boolean): ArrowSchema => ({
  fields: [{ name: 'number', type: { id: 'int', bitWidth: 32, signed }, nullable: false, children: [] }],
});
