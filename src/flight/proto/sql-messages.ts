import type { ArrowParams } from '../../engine/index.ts';
import { DuckhouseError } from '../../errors.ts';
import {
  allOf,
  bytesField,
  bytesOf,
  concat,
  type Fields,
  fieldMap,
  intField,
  intOf,
  messageField,
  textOf,
} from './wire.ts';

const typePrefix = 'type.googleapis.com/arrow.flight.protocol.sql.';

/** A Flight SQL message as it travels in commands and tickets: packed in google.protobuf.Any. */
export interface SqlMessage {
  readonly name: string;
  readonly value: Uint8Array;
}

export const packAny = ({ name, value }: SqlMessage): Uint8Array =>
  concat([bytesField(1, typePrefix + name), bytesField(2, value)]);

/** Flight SQL's messages, and our own. */
const packages = ['arrow.flight.protocol.sql.', 'duckhouse.flight.'] as const;

/** The message inside an Any; undefined when the bytes are none of Flight SQL. */
export function unpackAny(bytes: Uint8Array): SqlMessage | undefined {
  // An Any starts with its type_url: tag 0x0a, a length, then the text.
  const start = bytes[0] === 0x0a ? Buffer.from(bytes.subarray(0, 64)) : undefined;
  if (start === undefined || !packages.some((name) => start.includes(name))) return undefined;
  const fields = fieldMap(bytes);
  const name = textOf(fields, 1).split('.').at(-1) ?? '';
  return { name, value: bytesOf(fields, 2) };
}

const transactionOf = (fields: Fields, field: number): string | undefined => {
  const id = textOf(fields, field);
  return id === '' ? undefined : id;
};

export interface Statement {
  readonly sql: string;
  readonly transactionId: string | undefined;
}

/** CommandStatementQuery, CommandStatementUpdate and ActionCreatePreparedStatementRequest: SQL and a transaction. */
export function decodeStatement(value: Uint8Array): Statement {
  const fields = fieldMap(value);
  return { sql: textOf(fields, 1), transactionId: transactionOf(fields, 2) };
}

export const encodeStatement = (sql: string, transactionId?: string): Uint8Array =>
  concat([bytesField(1, sql), bytesField(2, transactionId)]);

/** A prepared statement as it is told to its client. */
export interface CreatedStatement {
  readonly handle: string;
  /** Encapsulated schema message; empty when it returns no rows. */
  readonly datasetSchema: Uint8Array;
  readonly parameterSchema: Uint8Array;
  readonly isUpdate: boolean | undefined;
}

export const encodeCreatedStatement = ({
  handle,
  datasetSchema,
  parameterSchema,
  isUpdate,
}: CreatedStatement): Uint8Array =>
  concat([
    bytesField(1, handle),
    bytesField(2, datasetSchema),
    bytesField(3, parameterSchema),
    isUpdate === undefined ? new Uint8Array(0) : Uint8Array.of(0x20, Number(isUpdate)),
  ]);

export function decodeCreatedStatement(value: Uint8Array): CreatedStatement {
  const fields = fieldMap(value);
  return {
    handle: textOf(fields, 1),
    datasetSchema: Buffer.from(bytesOf(fields, 2)),
    parameterSchema: Buffer.from(bytesOf(fields, 3)),
    isUpdate: fields.has(4) ? intOf(fields, 4) !== 0n : undefined,
  };
}

/** Messages of one field: a handle, a transaction id, an encoded FlightInfo. */
export const encodeHandle = (handle: string | Uint8Array): Uint8Array => bytesField(1, handle);
export const decodeHandle = (value: Uint8Array): string => textOf(fieldMap(value), 1);
export const decodeInfoBytes = (value: Uint8Array): Uint8Array => bytesOf(fieldMap(value), 1);

export const endOfTransaction = { unspecified: 0, commit: 1, rollback: 2 } as const;
export const encodeEndTransaction = (id: string, how: 'commit' | 'rollback'): Uint8Array =>
  concat([bytesField(1, id), intField(2, endOfTransaction[how])]);
export function decodeEndTransaction(value: Uint8Array): { readonly id: string; readonly how: number } {
  const fields = fieldMap(value);
  return { id: textOf(fields, 1), how: Number(intOf(fields, 2)) };
}

export const encodeStatementTicket = (handle: string): Uint8Array =>
  packAny({ name: 'TicketStatementQuery', value: bytesField(1, handle) });
export const decodeStatementTicket = (value: Uint8Array): string => textOf(fieldMap(value), 1);
/** DoPutUpdateResult. */
export const encodeUpdateResult = (rows: number): Uint8Array => intField(1, rows);
export const decodeUpdateResult = (bytes: Uint8Array): number => Number(intOf(fieldMap(bytes), 1));

export interface StatementIngest {
  readonly ifNotExist: 'create' | 'fail';
  readonly ifExists: 'fail' | 'append' | 'replace';
  readonly table: string;
  readonly dbSchema: string | undefined;
  readonly catalog: string | undefined;
  readonly temporary: boolean;
  readonly transactionId?: string | undefined;
  /** Options of the server: `duckhouse.load_id`. */
  readonly options?: ReadonlyMap<string, string>;
}

const notExistOptions = [undefined, 'create', 'fail'] as const;
const existsOptions = [undefined, 'fail', 'append', 'replace'] as const;

export function decodeIngest(value: Uint8Array): StatementIngest {
  const fields = fieldMap(value);
  const options = fieldMap(bytesOf(fields, 1));
  const ifNotExist = notExistOptions[Number(intOf(options, 1))];
  const ifExists = existsOptions[Number(intOf(options, 2))];
  if (ifNotExist === undefined || ifExists === undefined) {
    throw new DuckhouseError(
      'InvalidArgument',
      'CommandStatementIngest says not what to do when the table exists or does not',
      { id: 'ingest-options' },
    );
  }
  const optional = (field: number): string | undefined => (fields.has(field) ? textOf(fields, field) : undefined);
  return {
    ifNotExist,
    ifExists,
    table: textOf(fields, 2),
    dbSchema: optional(3),
    catalog: optional(4),
    temporary: intOf(fields, 5) !== 0n,
    transactionId: transactionOf(fields, 6),
    options: new Map(
      allOf(fields, 1000).map((entry) => {
        const pair = fieldMap(entry);
        return [textOf(pair, 1), textOf(pair, 2)];
      }),
    ),
  };
}

export function encodeIngest(ingest: StatementIngest): Uint8Array {
  const options = concat([
    intField(1, notExistOptions.indexOf(ingest.ifNotExist)),
    intField(2, existsOptions.indexOf(ingest.ifExists)),
  ]);
  return concat([
    messageField(1, options),
    bytesField(2, ingest.table),
    bytesField(3, ingest.dbSchema),
    bytesField(4, ingest.catalog),
    intField(5, ingest.temporary),
    bytesField(6, ingest.transactionId),
    ...[...(ingest.options ?? [])].map(([name, value]) =>
      messageField(1000, concat([bytesField(1, name), bytesField(2, value)])),
    ),
  ]);
}

/** A statement with its parameters as a ticket: our client gets a result in one call of our server. */
export interface StatementCall {
  /** SQL, or the handle of a prepared statement. */
  readonly sql: string;
  readonly handle: string;
  readonly transactionId: string | undefined;
  readonly params: ArrowParams | undefined;
}

export const encodeStatementCall = ({ sql, handle, transactionId, params }: StatementCall): Uint8Array => {
  const value = concat([
    bytesField(1, sql),
    bytesField(2, handle),
    bytesField(3, transactionId),
    bytesField(4, params?.schema),
    ...(params?.messages ?? []).map(({ metadata, body }) =>
      messageField(5, concat([bytesField(1, metadata), bytesField(2, body)])),
    ),
  ]);
  return concat([bytesField(1, 'type.googleapis.com/duckhouse.flight.TicketStatementCall'), bytesField(2, value)]);
};

export function decodeStatementCall(value: Uint8Array): StatementCall {
  const fields = fieldMap(value);
  const schema = Uint8Array.from(bytesOf(fields, 4));
  const messages = allOf(fields, 5).map((bytes) => {
    const parts = fieldMap(bytes);
    return { metadata: Uint8Array.from(bytesOf(parts, 1)), body: Uint8Array.from(bytesOf(parts, 2)) };
  });
  return {
    sql: textOf(fields, 1),
    handle: textOf(fields, 2),
    transactionId: transactionOf(fields, 3),
    params: schema.byteLength === 0 ? undefined : { schema, messages },
  };
}
