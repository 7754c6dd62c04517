import { authorise } from '../../access/index.ts';
import { type ArrowSchema, buildBatch, encodeSchema } from '../../arrow/index.ts';
import type { Session } from '../../lakehouse/index.ts';
import type { CallContext } from '../calls/context.ts';
import { schemaBytes } from '../calls/query.ts';
import { encodeDataless, frameBatch } from '../proto/flight-data.ts';
import type { SqlCommand } from './command.ts';

/** The values of each field of a schema, in its order, all of one length. */
export type Columns = readonly (readonly unknown[])[];

export interface Metadata {
  readonly schema: ArrowSchema | ((value: Uint8Array) => ArrowSchema);
  readonly columns: (context: CallContext, value: Uint8Array) => Columns | Promise<Columns>;
}

/** A message that asks for what the server knows: it is its own ticket, unchanged, and is answered at DoGet. */
export function metadataCommand(name: string, { schema, columns }: Metadata): SqlCommand {
  const schemaOf = (value: Uint8Array): ArrowSchema => (typeof schema === 'function' ? schema(value) : schema);
  return {
    schema: async (_, value) => schemaOf(value),
    info: async (_, value, descriptor) => ({
      schema: schemaBytes(schemaOf(value)),
      descriptor,
      endpoints: [{ ticket: descriptor.cmd, locations: [] }],
      totalRecords: -1,
      totalBytes: -1,
      ordered: false,
      appMetadata: new Uint8Array(0),
    }),
    async get(context, value) {
      authorise(context.principal, { operation: 'query', subject: name });
      await sendColumns(context, schemaOf(value), await columns(context, value));
    },
  };
}

/** Where the metadata are asked for: what the caller's session sees, in its transaction too, which no such command names. */
export const sessionOf = ({ session, call: { signal } }: CallContext): Pick<Session, 'query'> => ({
  async query(sql, options) {
    const asked = session();
    return asked.query(sql, { ...options, transactionId: await asked.soundTransaction(signal), signal });
  },
});

/** Clients take messages of 4 MiB and more. */
const batchBytes = 1 << 20;

async function sendColumns({ call, metrics }: CallContext, schema: ArrowSchema, columns: Columns): Promise<void> {
  await call.sendFramed(encodeDataless({ header: encodeSchema(schema) }));
  for (const [start, end] of chunks(columns)) {
    const batch = buildBatch(
      schema,
      columns.map((values) => values.slice(start, end)),
    );
    metrics.rows('out', batch.rows);
    await call.sendFramed(frameBatch({ ...batch, headroom: 0 }));
  }
  call.end();
}

/** Runs of rows that make a batch each. */
function* chunks(columns: Columns): Generator<readonly [number, number]> {
  const rows = columns[0]?.length ?? 0;
  let start = 0;
  let bytes = 0;
  for (let row = 0; row < rows; row++) {
    bytes += columns.reduce((sum, values) => sum + sizeOf(values[row]), 0);
    if (bytes < batchBytes && row < rows - 1) continue;
    yield [start, row + 1];
    start = row + 1;
    bytes = 0;
  }
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 4;
  return value instanceof Uint8Array ? value.byteLength + 4 : 8;
}
