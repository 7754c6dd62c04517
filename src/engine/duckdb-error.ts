import { DuckhouseError, type ErrorKind } from '../errors.ts';

/** What DuckDB says with `errors_as_json`: the type, the text, and where known position, candidates and subtype. */
interface DuckDbErrorJson {
  readonly exception_type: string;
  readonly exception_message: string;
  readonly error_subtype?: string;
  readonly position?: string;
  readonly candidates?: string;
  readonly name?: string;
  readonly type?: string;
}

const kinds: Readonly<Record<string, ErrorKind>> = {
  Parser: 'InvalidArgument',
  Syntax: 'InvalidArgument',
  Binder: 'InvalidArgument',
  Catalog: 'InvalidArgument',
  Conversion: 'InvalidArgument',
  Constraint: 'InvalidArgument',
  Dependency: 'InvalidArgument',
  'Invalid Input': 'InvalidArgument',
  'Out of Range': 'InvalidArgument',
  Settings: 'InvalidArgument',
  Permission: 'PermissionDenied',
  INTERRUPT: 'Cancelled',
  'Out of Memory': 'ResourceExhausted',
  TransactionContext: 'CommitConflict',
  IO: 'Unavailable',
  HTTP: 'Unavailable',
  FATAL: 'Unavailable',
  Fatal: 'Unavailable',
  'Not implemented': 'Unsupported',
  'Missing Extension': 'Unsupported',
  INTERNAL: 'Internal',
  Serialization: 'Internal',
};

const refinements: readonly (readonly [string, RegExp, ErrorKind])[] = [
  [
    'Catalog',
    /^(?:schema with name .* does not exist|.* does not exist because schema |SET schema: no catalog)/i,
    'NotFound',
  ],
  ['Binder', /^catalog .* does not exist|database not found$/i, 'NotFound'],
  ['FATAL', /no space left|disk (is )?full/i, 'ResourceExhausted'],
  ['IO', /no space left|disk (is )?full|failed to offload/i, 'ResourceExhausted'],
  ['IO', /permission denied/i, 'PermissionDenied'],
  ['IO', /no files found|no such file|does not exist|cannot open file/i, 'NotFound'],
  ['Constraint', /duplicate key|violates primary key|violates unique/i, 'AlreadyExists'],
  ['TransactionContext', /no space left|disk (is )?full/i, 'ResourceExhausted'],
  ['TransactionContext', /conflict/i, 'CommitConflict'],
  ['TransactionContext', /aborted|no transaction|within a transaction|read-only/i, 'InvalidArgument'],
];

/** DuckDB's error text, JSON or plain, as a DuckhouseError with `context` {errorType, whole, position, candidates, name}. */
export function duckDbError(text: string, sql?: string): DuckhouseError {
  const json = parseJson(text) ?? plainError(text);
  const schema = /^SET schema: No catalog \+ schema named "(.*)" found/.exec(json.exception_message)?.[1];
  const message = schema === undefined ? firstParagraph(json.exception_message) : `schema ${schema} does not exist`;
  const kind = kindOf(json);
  const candidates = json.candidates?.split(',').map((candidate) => candidate.trim());
  return new DuckhouseError(kind, message, {
    ...(schema === undefined ? idOf(json) : { id: 'schema-not-found' }),
    context: {
      errorType: json.exception_type,
      ...wholeOf(json, message),
      ...(json.error_subtype === undefined ? {} : { subtype: json.error_subtype }),
      ...(json.position === undefined ? {} : { position: Number(json.position) }),
      ...nameOf(json.name ?? schema),
      ...(json.type === undefined ? {} : { type: json.type }),
      ...(candidates === undefined ? {} : { candidates }),
      ...lineOf(json, sql),
    },
    ...(kind === 'CommitConflict' ? conflict : {}),
    retryable: kind === 'CommitConflict' || kind === 'Unavailable',
  });
}

const conflict = {
  id: 'write-conflict',
  hint: 'another transaction was faster; run this one again from its beginning',
};

/** True when the database refuses all further work until it is opened again. */
export const isFatal = (error: DuckhouseError): boolean =>
  /^fatal$/i.test(String(error.context.errorType)) || /database has been invalidated/i.test(error.message);

function parseJson(text: string): DuckDbErrorJson | undefined {
  const start = text.indexOf('{"exception_type"');
  if (start < 0) return undefined;
  try {
    return JSON.parse(text.slice(start)) as DuckDbErrorJson;
  } catch {
    return undefined; // DuckDB's JSON does not escape every byte of a message: the text is still shown
  }
}

function plainError(text: string): DuckDbErrorJson {
  const match = /^([A-Za-z ]+?) Error: ([\s\S]*)$/.exec(text);
  return { exception_type: match?.[1] ?? 'Unknown', exception_message: match?.[2] ?? text };
}

function kindOf(json: DuckDbErrorJson): ErrorKind {
  if (json.error_subtype === 'MISSING_ENTRY') return 'NotFound';
  if (json.error_subtype === 'ENTRY_ALREADY_EXISTS') return 'AlreadyExists';
  if (/database has been invalidated/i.test(json.exception_message)) return 'Unavailable';
  const refined = refinements.find(([type, text]) => type === json.exception_type && text.test(json.exception_message));
  return refined?.[2] ?? kinds[json.exception_type] ?? 'InvalidArgument';
}

const nameOf = (name: string | undefined) => (name === undefined ? {} : { name });

const missing: Readonly<Record<string, string>> = {
  Table: 'table-not-found',
  Type: 'type-not-found',
  'Scalar Function': 'function-not-found',
  'Table Function': 'function-not-found',
};
const present: Readonly<Record<string, string>> = { Table: 'table-exists', View: 'view-exists' };

function idOf({ error_subtype: subtype, type = '' }: DuckDbErrorJson): { id?: string } {
  const id =
    subtype === 'MISSING_ENTRY'
      ? missing[type]
      : subtype === 'ENTRY_ALREADY_EXISTS'
        ? present[type]
        : subtype === 'COLUMN_NOT_FOUND'
          ? 'column-not-found'
          : undefined;
  return id === undefined ? {} : { id };
}

/** DuckDB appends hints and, in internal errors, a stack after an empty line. */
const firstParagraph = (message: string): string => (message.split('\n\n')[0] as string).replace(/!$/, '').trim();

/** The message with its hints, where it has any; what follows an internal error is a stack. */
const wholeOf = ({ exception_type: type, exception_message: whole }: DuckDbErrorJson, message: string) =>
  whole === message || type === 'INTERNAL' ? {} : { whole };

function lineOf(json: DuckDbErrorJson, sql: string | undefined): { line?: number; column?: number } {
  if (json.position === undefined || sql === undefined) return {};
  const before = Buffer.from(sql).subarray(0, Number(json.position)).toString('utf8');
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}
