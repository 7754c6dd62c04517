import { DuckhouseError, type ErrorContext, type ErrorKind, toDuckhouseError } from '../../errors.ts';
import type { OutgoingHeaders } from '../http2/header-encoder.ts';
import { sqlStateOf } from './sqlstate.ts';

/** Status codes of gRPC. */
const grpcCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
export type GrpcCodeName = keyof typeof grpcCodes;

const codes: Readonly<Record<ErrorKind, GrpcCodeName>> = {
  InvalidArgument: 'INVALID_ARGUMENT',
  NotFound: 'NOT_FOUND',
  AlreadyExists: 'ALREADY_EXISTS',
  PermissionDenied: 'PERMISSION_DENIED',
  Unauthenticated: 'UNAUTHENTICATED',
  CommitConflict: 'ABORTED',
  DataInvalid: 'INVALID_ARGUMENT',
  Unsupported: 'UNIMPLEMENTED',
  Unavailable: 'UNAVAILABLE',
  ResourceExhausted: 'RESOURCE_EXHAUSTED',
  Cancelled: 'CANCELLED',
  DeadlineExceeded: 'DEADLINE_EXCEEDED',
  Internal: 'INTERNAL',
};

const kinds = new Map<number, ErrorKind>([
  ...(Object.entries(codes) as [ErrorKind, GrpcCodeName][]).map(([kind, name]) => [grpcCodes[name], kind] as const),
  [grpcCodes.INVALID_ARGUMENT, 'InvalidArgument'],
  [grpcCodes.UNKNOWN, 'Internal'],
  [grpcCodes.FAILED_PRECONDITION, 'InvalidArgument'],
  [grpcCodes.OUT_OF_RANGE, 'InvalidArgument'],
  [grpcCodes.DATA_LOSS, 'DataInvalid'],
]);

export const codeOf = (error: DuckhouseError): GrpcCodeName => codes[error.kind];

/** gRPC's percent-encoding: bytes outside printable ASCII, and the percent sign. */
const encodeMessage = (text: string): string =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) =>
      byte < 32 || byte > 126 || byte === 37
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a peer that does not encode: shown as it came
  }
}

const maxDetailBytes = 4096;
const maxMessageBytes = 8192;

/** Trailers that say how a call ended. An internal error's text stays here: the client learns only that there was one. */
export function statusTrailers(failure: unknown, queryId?: string): OutgoingHeaders {
  const base = queryId === undefined ? {} : { 'x-query-id': queryId };
  if (failure === undefined) return { 'grpc-status': '0', ...base };
  const error = toDuckhouseError(failure);
  const internal = error.kind === 'Internal' && error.context.errorType === undefined;
  const message = internal ? 'internal error' : fullMessage(error);
  const detail = internal
    ? undefined
    : JSON.stringify({
        kind: error.kind,
        message: error.message,
        id: error.id,
        context: error.context,
        hint: error.hint,
      });
  const { errorType, line, column } = error.context;
  return {
    'grpc-status': String(grpcCodes[codeOf(error)]),
    'grpc-message': encodeMessage(message).slice(0, maxMessageBytes).replace(/%.?$/, ''),
    ...arrowStatus(error),
    'x-sqlstate': internal ? 'XX000' : sqlStateOf(error),
    ...(typeof errorType === 'string' ? { 'x-duckdb-error-type': encodeMessage(errorType) } : {}),
    ...(typeof line === 'number' && typeof column === 'number' ? { 'x-error-position': `${line}:${column}` } : {}),
    ...(detail === undefined || detail.length > maxDetailBytes
      ? {}
      : { 'x-duckhouse-error-bin': Buffer.from(detail, 'utf8').toString('base64') }),
    ...base,
  };
}

/**
 * Arrow's own code where gRPC's misleads: clients in C++ and Python take RESOURCE_EXHAUSTED for invalid input. Everywhere
 * else they find the class of an error by themselves.
 */
const arrowStatus = ({ kind }: DuckhouseError): OutgoingHeaders =>
  kind === 'ResourceExhausted' ? { 'x-arrow-status': String(arrowCapacityError) } : {};
const arrowCapacityError = 6;

/** With the place and the advice, which other clients than ours show only when they are in the text. */
function fullMessage({ message, context, hint }: DuckhouseError): string {
  const { line, column } = context;
  const place = line === undefined || column === undefined ? '' : ` (line ${line}, column ${column})`;
  const { candidates } = context;
  const nearest =
    Array.isArray(candidates) && candidates.length > 0 ? `did you mean ${candidates.join(', ')}?` : undefined;
  const advice = hint ?? nearest;
  return `${message}${place}${advice === undefined ? '' : `; ${advice}`}`;
}

type Headers = Readonly<Record<string, unknown>>;

/** The error a call ended with, undefined for OK; rebuilt in full when the server is one of ours. */
export function errorOfTrailers(headers: Headers): DuckhouseError | undefined {
  const status = headers['grpc-status'];
  if (status === '0') return undefined;
  const code = Number(status);
  const message = decodeMessage(
    String(headers['grpc-message'] ?? `the server answered with gRPC status ${String(status)}`),
  );
  const detail = parseDetail(headers['x-duckhouse-error-bin']);
  const kind = kinds.get(code) ?? 'Internal';
  return new DuckhouseError(detail?.kind ?? kind, detail?.message ?? message, {
    id: detail?.id,
    context: detail?.context,
    hint: detail?.hint,
  });
}

interface Detail {
  readonly kind?: ErrorKind;
  readonly message?: string;
  readonly id?: string;
  readonly context?: ErrorContext;
  readonly hint?: string;
}

function parseDetail(header: unknown): Detail | undefined {
  if (typeof header !== 'string') return undefined;
  try {
    const detail = JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as Detail;
    return detail.kind !== undefined && detail.kind in codes ? detail : undefined;
  } catch {
    return undefined; // another server's use of the header
  }
}
