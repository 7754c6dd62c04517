import { DuckhouseError } from '../../errors.ts';
import { readFields, varint } from './wire.ts';

/** One FlightData message: views into the bytes it came in. */
export interface FlightData {
  readonly descriptor: Uint8Array | undefined;
  readonly header: Uint8Array;
  readonly appMetadata: Uint8Array;
  readonly body: Uint8Array;
}

const empty: Uint8Array = new Uint8Array(0);

export function decodeFlightData(bytes: Uint8Array): FlightData {
  let descriptor: Uint8Array | undefined;
  let header = empty;
  let appMetadata = empty;
  let body = empty;
  for (const { field, bytes: value } of readFields(bytes)) {
    if (field === 1) descriptor = value;
    else if (field === 2) header = value;
    else if (field === 3) appMetadata = value;
    else if (field === 1000) body = value;
  }
  return { descriptor, header, appMetadata, body };
}

/**
 * Where the body (field 1000) starts in a message of which only the first bytes are here; undefined when they do not tell.
 */
export function findBody(start: Uint8Array): number | undefined {
  let at = 0;
  const number = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = start[at++];
      if (byte === undefined) return undefined;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return undefined;
  };
  for (;;) {
    const key = number();
    if (key === undefined || key % 8 !== 2) return undefined;
    const length = number();
    if (length === undefined) return undefined;
    if (Math.floor(key / 8) === 1000) return at;
    at += length;
  }
}

const headerTag = 0x12;
const appMetadataTag = 0x1a;
const bodyTag = Buffer.from([0xc2, 0x3e]);

/** A gRPC message with a FlightData, its body copied. */
export const encodeFlightData = ({
  body,
  ...rest
}: {
  readonly descriptor?: Uint8Array;
  readonly header?: Uint8Array;
  readonly appMetadata?: Uint8Array;
  readonly body: Uint8Array;
}): Buffer => {
  const dataless = encodeDataless(rest).subarray(5);
  return grpcMessage(
    body.byteLength === 0 ? dataless : Buffer.concat([dataless, bodyTag, varint(body.byteLength), body]),
  );
};

/** A gRPC message with a FlightData that has no body. */
export function encodeDataless(parts: {
  readonly descriptor?: Uint8Array;
  readonly header?: Uint8Array;
  readonly appMetadata?: Uint8Array;
}): Buffer {
  const field = (tag: number, value: Uint8Array | undefined): Uint8Array[] =>
    value === undefined || value.byteLength === 0 ? [] : [Uint8Array.of(tag), varint(value.byteLength), value];
  return grpcMessage(
    Buffer.concat([
      ...field(0x0a, parts.descriptor),
      ...field(headerTag, parts.header),
      ...field(appMetadataTag, parts.appMetadata),
    ]),
  );
}

export function grpcMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.byteLength);
  framed[0] = 0;
  framed.writeUInt32BE(message.byteLength, 1);
  framed.set(message, 5);
  return framed;
}

export interface BatchParts {
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
  /** Bytes before `body` in its buffer that may be overwritten; `metadata` may lie in them. */
  readonly headroom: number;
}

/** Frames of at most this many bytes before the body: tags, lengths and the gRPC prefix. */
const framingBytes = 5 + 1 + 5 + 2 + 5;

/**
 * The batch as one gRPC message. Its framing and metadata are written into the headroom, straight before the body: nothing of
 * the body is copied. Without enough headroom the message is a copy.
 */
export function frameBatch({ metadata, body, headroom }: BatchParts): Buffer {
  const bodyLength = body.byteLength === 0 ? empty : varint(body.byteLength);
  const headerLength = varint(metadata.byteLength);
  const middle = body.byteLength === 0 ? 0 : bodyTag.length + bodyLength.byteLength;
  const payload = 1 + headerLength.byteLength + metadata.byteLength + middle + body.byteLength;
  if (payload > 0xffffffff)
    throw new DuckhouseError('ResourceExhausted', `a batch of ${body.byteLength} bytes is too large for gRPC`);
  const front = 5 + 1 + headerLength.byteLength + metadata.byteLength + middle;
  const inPlace = headroom >= metadata.byteLength + framingBytes && body.byteOffset >= front;
  const target = inPlace
    ? Buffer.from(body.buffer, body.byteOffset - front, front + body.byteLength)
    : Buffer.allocUnsafe(front + body.byteLength);
  // The metadata first: it may lie where the framing goes.
  target.set(metadata, 6 + headerLength.byteLength);
  target[0] = 0;
  target.writeUInt32BE(payload, 1);
  target[5] = headerTag;
  target.set(headerLength, 6);
  if (middle > 0) {
    target.set(bodyTag, front - middle);
    target.set(bodyLength, front - bodyLength.byteLength);
  }
  if (!inPlace) target.set(body, front);
  return target;
}
