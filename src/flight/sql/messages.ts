import { DuckhouseError } from '../../errors.ts';
import { bytesField, bytesOf, concat, fieldMap, intField, intOf, messageField, textOf } from '../proto/wire.ts';

const typePrefix = 'type.googleapis.com/arrow.flight.protocol.sql.';

/** A Flight SQL message as it travels in commands and tickets: packed in google.protobuf.Any. */
export interface SqlMessage {
  readonly name: string;
  readonly value: Uint8Array;
}

export const packAny = ({ name, value }: SqlMessage): Uint8Array =>
  concat([bytesField(1, typePrefix + name), bytesField(2, value)]);

/** The message inside an Any; undefined when the bytes are none of Flight SQL. */
export function unpackAny(bytes: Uint8Array): SqlMessage | undefined {
  // An Any starts with its type_url: tag 0x0a, a length, then the text.
  if (bytes[0] !== 0x0a || !Buffer.from(bytes.subarray(0, 64)).includes('arrow.flight.protocol.sql.')) return undefined;
  const fields = fieldMap(bytes);
  const name = textOf(fields, 1).split('.').at(-1) ?? '';
  return { name, value: bytesOf(fields, 2) };
}

/** CommandStatementQuery and CommandStatementUpdate: the SQL in field 1, a transaction in field 2. */
export function decodeStatement(value: Uint8Array): { readonly sql: string; readonly transactionId: Uint8Array } {
  const fields = fieldMap(value);
  return { sql: textOf(fields, 1), transactionId: bytesOf(fields, 2) };
}

export const encodeStatement = (sql: string): Uint8Array => bytesField(1, sql);
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
  ]);
}
