import { allOf, bytesField, bytesOf, concat, fieldMap, intField, intOf, messageField, textOf } from './wire.ts';

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

const encodeEndpoint = ({ ticket, locations }: FlightEndpoint): Uint8Array =>
  concat([messageField(1, encodeTicket(ticket)), ...locations.map((uri) => messageField(2, bytesField(1, uri)))]);

function decodeEndpoint(bytes: Uint8Array): FlightEndpoint {
  const fields = fieldMap(bytes);
  return {
    ticket: decodeTicket(bytesOf(fields, 1)),
    locations: allOf(fields, 2).map((location) => textOf(fieldMap(location), 1)),
  };
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
