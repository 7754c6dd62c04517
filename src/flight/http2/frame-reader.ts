import {
  ConnectionError,
  errorCodes,
  type FrameHeader,
  frameFlags,
  frameHeaderBytes,
  frameTypes,
  preface,
} from './protocol.ts';

export interface FrameSink {
  /** Before anything of its payload is kept. */
  onHeader(header: FrameHeader): void;
  /** A whole frame of any type but DATA. The payload is only good during the call. */
  onFrame(header: FrameHeader, payload: Buffer): void;
  /** A part of a DATA frame as it comes in, without padding; it must be copied to be kept beyond its connection's chunk. */
  onData(header: FrameHeader, part: Buffer): void;
  onDataEnd(header: FrameHeader): void;
}

/** Cuts what a connection receives into frames; the client's preface comes first. */
export function createFrameReader(sink: FrameSink): { push(chunk: Buffer): void } {
  const head = Buffer.alloc(frameHeaderBytes);
  let headFilled = 0;
  let prefaceLeft = preface.byteLength;
  let header: FrameHeader | undefined;
  let payload: Buffer | undefined;
  /** Of the payload, not received yet. */
  let left = 0;
  let padding = 0;
  let padded = false;

  const readPreface = (chunk: Buffer): number => {
    const count = Math.min(prefaceLeft, chunk.byteLength);
    const from = preface.byteLength - prefaceLeft;
    if (chunk.compare(preface, from, from + count, 0, count) !== 0)
      throw new ConnectionError(errorCodes.PROTOCOL_ERROR, 'the connection does not begin as HTTP/2 does');
    prefaceLeft -= count;
    return count;
  };

  const begin = (): void => {
    const length = head.readUIntBE(0, 3);
    const [type, flags] = [head[3] as number, head[4] as number];
    header = { length, type, flags, streamId: head.readUInt32BE(5) & 0x7fffffff };
    sink.onHeader(header);
    headFilled = 0;
    left = length;
    padding = 0;
    padded = type === frameTypes.DATA && (flags & frameFlags.PADDED) !== 0;
    if (padded && length === 0) throw new ConnectionError(errorCodes.FRAME_SIZE_ERROR, 'padding without its length');
  };

  const readHead = (chunk: Buffer, at: number): number => {
    const count = Math.min(frameHeaderBytes - headFilled, chunk.byteLength - at);
    chunk.copy(head, headFilled, at, at + count);
    headFilled += count;
    if (headFilled === frameHeaderBytes) begin();
    return count;
  };

  const readPadding = (of: FrameHeader, byte: number): number => {
    padded = false;
    padding = byte;
    left--;
    if (padding > left)
      throw new ConnectionError(errorCodes.PROTOCOL_ERROR, `${padding} bytes of padding in ${of.length}`);
    return 1;
  };

  const readData = (of: FrameHeader, chunk: Buffer, at: number): number => {
    if (padded && at < chunk.byteLength) return readPadding(of, chunk[at] as number);
    const count = Math.min(left, chunk.byteLength - at);
    const wanted = Math.min(count, left - padding);
    if (wanted > 0) sink.onData(of, chunk.subarray(at, at + wanted));
    left -= count;
    if (left === 0) {
      header = undefined;
      sink.onDataEnd(of);
    }
    return count;
  };

  const readFrame = (of: FrameHeader, chunk: Buffer, at: number): number => {
    const count = Math.min(left, chunk.byteLength - at);
    left -= count;
    if (payload === undefined && left === 0) {
      header = undefined;
      sink.onFrame(of, chunk.subarray(at, at + count));
      return count;
    }
    payload ??= Buffer.allocUnsafe(of.length);
    chunk.copy(payload, of.length - left - count, at, at + count);
    if (left === 0) {
      const whole = payload;
      payload = undefined;
      header = undefined;
      sink.onFrame(of, whole);
    }
    return count;
  };

  return {
    push(chunk) {
      let at = prefaceLeft > 0 ? readPreface(chunk) : 0;
      // A frame without payload is complete when its header is.
      while (at < chunk.byteLength || (header !== undefined && left === 0)) {
        if (header === undefined) at += readHead(chunk, at);
        else at += header.type === frameTypes.DATA ? readData(header, chunk, at) : readFrame(header, chunk, at);
      }
    },
  };
}
