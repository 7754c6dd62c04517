/** Numbers of HTTP/2: RFC 9113, sections 6, 7 and 11. */
export const frameTypes = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const frameFlags = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

export const errorCodes = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;
export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];

export const settingIds = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const frameHeaderBytes = 9;
export const defaultWindow = 65_535;
export const defaultFrameSize = 16_384;
export const largestFrameSize = 2 ** 24 - 1;
export const largestWindow = 2 ** 31 - 1;

/** Ends the connection with GOAWAY. */
export class ConnectionError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Ends one stream with RST_STREAM. */
export class StreamError extends ConnectionError {}

export interface FrameHeader {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

type FrameKind = Omit<FrameHeader, 'length'>;

export function writeFrameHeader(target: Buffer, length: number, { type, flags, streamId }: FrameKind): void {
  target[0] = length >>> 16;
  target[1] = (length >>> 8) & 0xff;
  target[2] = length & 0xff;
  target[3] = type;
  target[4] = flags;
  target.writeUInt32BE(streamId, 5);
}

export function frame(of: FrameKind, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + payload.byteLength);
  writeFrameHeader(bytes, payload.byteLength, of);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

/** A frame whose payload are 32-bit numbers. */
export function wordFrame(of: FrameKind, ...words: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + 4 * words.length);
  writeFrameHeader(bytes, 4 * words.length, of);
  words.forEach((word, i) => bytes.writeUInt32BE(word >>> 0, frameHeaderBytes + 4 * i));
  return bytes;
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  });
  return frame({ type: frameTypes.SETTINGS, flags: 0, streamId: 0 }, payload);
}
