import type { DuckhouseError, ErrorKind } from '../../errors.ts';

/** SQLSTATE by what a DuckDB error says, most specific first: its type, its subtype or kind of entry, its text. */
const byError: readonly (readonly [type: RegExp, what: RegExp, state: string])[] = [
  [/^(?:Parser|Syntax)$/, /./, '42601'],
  [/^Catalog$/, /MISSING_ENTRY.*\bTable\b|table .* does not exist/i, '42P01'],
  [/^Catalog$/, /MISSING_ENTRY.*function/i, '42883'],
  [/^Catalog$/, /MISSING_ENTRY.*schema|schema .* does not exist/i, '3F000'],
  [/^Catalog$/, /MISSING_ENTRY.*type/i, '42704'],
  [/^Catalog$/, /ENTRY_ALREADY_EXISTS|already exists/i, '42P07'],
  [/^Catalog$/, /./, '42704'],
  [/^Binder$/, /catalog .* does not exist|database not found/i, '3D000'],
  [/^Binder$/, /COLUMN_NOT_FOUND|referenced column/i, '42703'],
  [/^Binder$/, /ambiguous/i, '42702'],
  [/^Binder$/, /NO_MATCHING_FUNCTION|no function matches/i, '42883'],
  [/^Binder$/, /GROUP BY/i, '42803'],
  [/^Binder$/, /./, '42000'],
  [/^Constraint$/, /NOT NULL/i, '23502'],
  [/^Constraint$/, /foreign key/i, '23503'],
  [/^Constraint$/, /duplicate key|primary key|unique/i, '23505'],
  [/^Constraint$/, /CHECK/i, '23514'],
  [/^Constraint$/, /./, '23000'],
  [/^Conversion$/, /out of range/i, '22003'],
  [/^Conversion$/, /date|time/i, '22007'],
  [/^Conversion$/, /./, '22018'],
  [/^Out of Range$/, /./, '22003'],
  [/^Invalid Input$/, /./, '22023'],
  [/^Dependency$/, /./, '2BP01'],
  [/^TransactionContext$/, /conflict/i, '40001'],
  [/^TransactionContext$/, /within a transaction/i, '25001'],
  [/^TransactionContext$/, /no transaction/i, '25P01'],
  [/^TransactionContext$/, /./, '25P02'],
  [/^Out of Memory$/, /./, '53200'],
  [/^Permission$/, /./, '42501'],
  [/^INTERRUPT$/, /./, '57014'],
  [/^Not implemented$|^Missing Extension$/, /./, '0A000'],
  [/^IO$|^HTTP$/, /./, '58030'],
];

const byKind: Readonly<Record<ErrorKind, string>> = {
  InvalidArgument: '22023',
  NotFound: '42704',
  AlreadyExists: '42710',
  PermissionDenied: '42501',
  Unauthenticated: '28000',
  CommitConflict: '40001',
  DataInvalid: '22000',
  Unsupported: '0A000',
  Unavailable: '08006',
  ResourceExhausted: '53000',
  Cancelled: '57014',
  DeadlineExceeded: '57014',
  Internal: 'XX000',
};

const byId: Readonly<Record<string, string>> = {
  'table-not-found': '42P01',
  'schema-not-found': '3F000',
  'table-exists': '42P07',
  'column-not-found': '42703',
  'column-unknown': '42703',
  'transaction-not-found': '25P01',
  'transaction-failed': '25P02',
  'prepared-statement-not-found': '26000',
  'parameter-count': '07001',
  'parameter-missing': '07001',
};

/** The five characters by which SQL clients tell errors apart. */
export function sqlStateOf({ kind, id, message, context }: DuckhouseError): string {
  const known = id === undefined ? undefined : byId[id];
  if (known !== undefined) return known;
  const type = String(context.errorType ?? '');
  const what = `${context.subtype ?? ''} ${context.type ?? ''} ${message}`;
  return byError.find(([types, texts]) => types.test(type) && texts.test(what))?.[2] ?? byKind[kind];
}
