import {
  allOf,
  bytesField,
  bytesOf,
  concat,
  doubleField,
  doubleOf,
  type Fields,
  fieldMap,
  intField,
  intOf,
  messageField,
  textOf,
} from './wire.ts';

/** The messages of Flight.proto, by their names there. */
export interface FlightDescriptor {
  readonly type: 'UNKNOWN' | 'PATH' | 'CMD';
  readonly cmd: Uint8Array;
  readonly path: readonly string[];
}

export interface FlightEndpoint {
  readonly ticket: Uint8Array;
  /** URIs; empty = the server that gave the info. */
  readonly locations: readonly string[];
  /** Until then the ticket may be fetched again; undefined = not said. */
  readonly expirationTime?: Date | undefined;
  readonly appMetadata?: Uint8Array | undefined;
}

export interface FlightInfo {
  /** Encapsulated schema message; undefined when not known. */
  readonly schema: Uint8Array | undefined;
  readonly descriptor: FlightDescriptor | undefined;
  readonly endpoints: readonly FlightEndpoint[];
  /** -1 when unknown. */
  readonly totalRecords: number;
  readonly totalBytes: number;
  readonly ordered: boolean;
  readonly appMetadata: Uint8Array;
}

export interface ActionType {
  readonly type: string;
  readonly description: string;
}

const descriptorTypes = ['UNKNOWN', 'PATH', 'CMD'] as const;

export const commandDescriptor = (cmd: string | Uint8Array): FlightDescriptor => ({
  type: 'CMD',
  cmd: Buffer.from(cmd as string),
  path: [],
});
export const pathDescriptor = (path: readonly string[]): FlightDescriptor => ({
  type: 'PATH',
  cmd: new Uint8Array(0),
  path,
});

export const encodeDescriptor = ({ type, cmd, path }: FlightDescriptor): Uint8Array =>
  concat([
    intField(1, descriptorTypes.indexOf(type)),
    bytesField(2, cmd),
    ...path.map((part) => messageField(3, Buffer.from(part, 'utf8'))),
  ]);

export function decodeDescriptor(bytes: Uint8Array): FlightDescriptor {
  const fields = fieldMap(bytes);
  const path = allOf(fields, 3).map((part) => Buffer.from(part).toString('utf8'));
  return { type: descriptorTypes[Number(intOf(fields, 1))] ?? 'UNKNOWN', cmd: Buffer.from(bytesOf(fields, 2)), path };
}

export const encodeEndpoint = ({ ticket, locations, expirationTime, appMetadata }: FlightEndpoint): Uint8Array =>
  concat([
    messageField(1, encodeTicket(ticket)),
    ...locations.map((uri) => messageField(2, bytesField(1, uri))),
    timestampField(3, expirationTime),
    bytesField(4, appMetadata),
  ]);

export function decodeEndpoint(bytes: Uint8Array): FlightEndpoint {
  const fields = fieldMap(bytes);
  return {
    ticket: decodeTicket(bytesOf(fields, 1)),
    locations: allOf(fields, 2).map((location) => textOf(fieldMap(location), 1)),
    ...(fields.has(3) ? { expirationTime: timestampOf(fields, 3) } : {}),
    ...(fields.has(4) ? { appMetadata: Buffer.from(bytesOf(fields, 4)) } : {}),
  };
}

/** google.protobuf.Timestamp, to the millisecond. */
function timestampField(field: number, time: Date | undefined): Uint8Array {
  if (time === undefined) return new Uint8Array(0);
  const seconds = Math.floor(time.getTime() / 1000);
  return messageField(
    field,
    concat([intField(1, seconds), intField(2, Math.round(time.getTime() - seconds * 1000) * 1_000_000)]),
  );
}

function timestampOf(fields: Fields, field: number): Date {
  const parts = fieldMap(bytesOf(fields, field));
  return new Date(Number(intOf(parts, 1)) * 1000 + Number(intOf(parts, 2)) / 1_000_000);
}

export const encodeFlightInfo = (info: FlightInfo): Uint8Array =>
  concat([
    bytesField(1, info.schema),
    info.descriptor === undefined ? new Uint8Array(0) : messageField(2, encodeDescriptor(info.descriptor)),
    ...info.endpoints.map((endpoint) => messageField(3, encodeEndpoint(endpoint))),
    intField(4, info.totalRecords),
    intField(5, info.totalBytes),
    intField(6, info.ordered),
    bytesField(7, info.appMetadata),
  ]);

export function decodeFlightInfo(bytes: Uint8Array): FlightInfo {
  const fields = fieldMap(bytes);
  const schema = bytesOf(fields, 1);
  const descriptor = fields.get(2)?.at(-1)?.bytes;
  return {
    schema: schema.byteLength === 0 ? undefined : schema,
    descriptor: descriptor === undefined ? undefined : decodeDescriptor(descriptor),
    endpoints: allOf(fields, 3).map(decodeEndpoint),
    totalRecords: Number(intOf(fields, 4)),
    totalBytes: Number(intOf(fields, 5)),
    ordered: intOf(fields, 6) !== 0n,
    appMetadata: bytesOf(fields, 7),
  };
}

export interface PollInfo {
  /** What is known so far; endpoints are only added. */
  readonly info: FlightInfo;
  /** To ask again with; undefined when all is known. */
  readonly descriptor: FlightDescriptor | undefined;
  /** 0 to 1; undefined when not known. */
  readonly progress: number | undefined;
  readonly expirationTime?: Date | undefined;
}

export const encodePollInfo = ({ info, descriptor, progress, expirationTime }: PollInfo): Uint8Array =>
  concat([
    messageField(1, encodeFlightInfo(info)),
    descriptor === undefined ? new Uint8Array(0) : messageField(2, encodeDescriptor(descriptor)),
    progress === undefined ? new Uint8Array(0) : doubleField(3, progress),
    timestampField(4, expirationTime),
  ]);

export function decodePollInfo(bytes: Uint8Array): PollInfo {
  const fields = fieldMap(bytes);
  return {
    info: decodeFlightInfo(bytesOf(fields, 1)),
    descriptor: fields.has(2) ? decodeDescriptor(bytesOf(fields, 2)) : undefined,
    progress: fields.has(3) ? doubleOf(fields, 3) : undefined,
    ...(fields.has(4) ? { expirationTime: timestampOf(fields, 4) } : {}),
  };
}

export const cancelStatus = { unspecified: 0, cancelled: 1, cancelling: 2, notCancellable: 3 } as const;
export const encodeCancelRequest = (info: FlightInfo): Uint8Array => messageField(1, encodeFlightInfo(info));
export const decodeCancelRequest = (bytes: Uint8Array): FlightInfo => decodeFlightInfo(bytesOf(fieldMap(bytes), 1));
/** CancelFlightInfoResult and CloseSessionResult: one number. */
export const encodeStatusResult = (status: number): Uint8Array => intField(1, status);
export const decodeStatusResult = (bytes: Uint8Array): number => Number(intOf(fieldMap(bytes), 1));
export const encodeRenewRequest = (endpoint: FlightEndpoint): Uint8Array => messageField(1, encodeEndpoint(endpoint));
export const decodeRenewRequest = (bytes: Uint8Array): FlightEndpoint => decodeEndpoint(bytesOf(fieldMap(bytes), 1));

/** Ticket, SchemaResult, Result, PutResult, Criteria and Location are each one field of bytes. */
const single = {
  encode: (bytes: Uint8Array | string): Uint8Array => bytesField(1, bytes),
  decode: (bytes: Uint8Array): Uint8Array => Buffer.from(bytesOf(fieldMap(bytes), 1)),
};
export const encodeTicket = single.encode;
export const decodeTicket = single.decode;
export const encodeSchemaResult = single.encode;
export const decodeSchemaResult = single.decode;
export const encodeResult = single.encode;
export const decodeResult = single.decode;
export const encodePutResult = single.encode;
export const decodePutResult = single.decode;
export const encodeCriteria = single.encode;
export const decodeCriteria = single.decode;

export const encodeAction = (type: string, body: Uint8Array | string): Uint8Array =>
  concat([bytesField(1, type), bytesField(2, body)]);
export function decodeAction(bytes: Uint8Array): { readonly type: string; readonly body: Uint8Array } {
  const fields = fieldMap(bytes);
  return { type: textOf(fields, 1), body: bytesOf(fields, 2) };
}

export const encodeActionType = ({ type, description }: ActionType): Uint8Array =>
  concat([bytesField(1, type), bytesField(2, description)]);
export function decodeActionType(bytes: Uint8Array): ActionType {
  const fields = fieldMap(bytes);
  return { type: textOf(fields, 1), description: textOf(fields, 2) };
}

/** HandshakeRequest and HandshakeResponse. */
export const encodeHandshake = (payload: Uint8Array | string): Uint8Array => bytesField(2, payload);
export const decodeHandshake = (bytes: Uint8Array): Uint8Array => bytesOf(fieldMap(bytes), 2);
export function decodeBasicAuth(bytes: Uint8Array): { readonly username: string; readonly password: string } {
  const fields = fieldMap(bytes);
  return { username: textOf(fields, 2), password: textOf(fields, 3) };
}

export const healthStatus = { unknown: 0, serving: 1, notServing: 2, serviceUnknown: 3 } as const;
export const encodeHealthResponse = (status: number): Uint8Array => intField(1, status);
export const decodeHealthResponse = (bytes: Uint8Array): number => Number(intOf(fieldMap(bytes), 1));
export const decodeHealthRequest = (bytes: Uint8Array): string => textOf(fieldMap(bytes), 1);
