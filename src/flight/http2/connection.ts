import type { Duplex } from 'node:stream';
import { checkFrame } from './frame-checks.ts';
import { createFrameReader } from './frame-reader.ts';
import { createHeaderDecoder } from './header-decoder.ts';
import { readSettings } from './peer-settings.ts';
import {
  ConnectionError,
  defaultWindow,
  type ErrorCode,
  errorCodes,
  type FrameHeader,
  frame,
  frameFlags,
  frameTypes,
  largestWindow,
  StreamError,
  settingIds,
  settingsFrame,
  wordFrame,
} from './protocol.ts';
import { areTrailers, requestHeaders } from './request-headers.ts';
import { createResetLimit } from './reset-limit.ts';
import { createSender } from './sender.ts';
import type { HeaderField } from './static-table.ts';
import { ServerStream, type StreamHost } from './stream.ts';

export interface ConnectionLimits {
  /** What a client may send of one stream ahead of its reader. */
  readonly streamWindow: number;
  /** What a client may send in all before any of it is looked at. */
  readonly connectionWindow: number;
  readonly maxFrameSize: number;
  readonly maxConcurrentStreams: number;
  /** Bytes of a call's headers. */
  readonly maxHeaderListSize: number;
}

export interface ConnectionOptions {
  readonly socket: Duplex;
  readonly limits: ConnectionLimits;
  readonly onStream: (stream: ServerStream) => void;
  readonly onClose: () => void;
  /** Why the connection was given up. */
  readonly onError: (error: Error) => void;
}

export interface Connection {
  /** Takes no more streams; ends when those there are have ended. */
  close(): void;
  destroy(): void;
}

/** Before anybody reads a stream. */
const firstWindow = 1 << 20;
/** A client that does not begin to speak HTTP/2. */
const prefaceMs = 30_000;
const maxEmptyFrames = 1000;
/** Streams that were reset here: what the client had sent before it knew is ignored. */
const rememberedResets = 1000;

interface HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

/** The server's side of one HTTP/2 connection (RFC 9113), as much of it as gRPC uses: no push, no priorities. */
export function createConnection({ socket, limits, onStream, onClose, onError }: ConnectionOptions): Connection {
  const sender = createSender(socket);
  const decoder = createHeaderDecoder(limits.maxHeaderListSize);
  const streams = new Map<number, ServerStream>();
  const resets = createResetLimit();
  let peerWindow = defaultWindow;
  let granted = limits.connectionWindow;
  let lastStreamId = 0;
  let block: HeaderBlock | undefined;
  let settled = false;
  let closing = false;
  let emptyFrames = 0;

  const resetHere = new Set<number>();

  const resetStream = (streamId: number, code: ErrorCode): void => {
    sender.control(wordFrame({ type: frameTypes.RST_STREAM, flags: 0, streamId }, code));
    resetHere.add(streamId);
    if (resetHere.size > rememberedResets) resetHere.delete(resetHere.values().next().value as number);
  };
  const goAway = (code: ErrorCode, text = ''): void =>
    sender.control(
      frame(
        { type: frameTypes.GOAWAY, flags: 0, streamId: 0 },
        Buffer.concat([words(lastStreamId, code), Buffer.from(text, 'latin1')]),
      ),
    );
  const endWhenIdle = (): void => {
    if (closing && streams.size === 0) socket.end();
  };

  const host: StreamHost = {
    ready: sender.ready,
    grant: (streamId, bytes) =>
      sender.control(wordFrame({ type: frameTypes.WINDOW_UPDATE, flags: 0, streamId }, bytes)),
    resetStream,
    forget({ id }) {
      streams.delete(id);
      if (closing) setImmediate(endWhenIdle);
    },
  };

  const endReceiving = (stream: ServerStream): void => {
    if (!stream.endReceiving()) throw new StreamError(errorCodes.PROTOCOL_ERROR, 'the body is not as long as declared');
  };

  /** RFC 9113, section 5.1: what is wrong with a frame of a stream that is not open. */
  const notOpen = (streamId: number): ConnectionError =>
    streamId > lastStreamId
      ? new ConnectionError(errorCodes.PROTOCOL_ERROR, `stream ${streamId} is idle`)
      : new StreamError(errorCodes.STREAM_CLOSED, `stream ${streamId} is closed`);

  const beginStream = (streamId: number, fields: readonly HeaderField[] | undefined): ServerStream => {
    if (streamId % 2 === 0 || streamId < lastStreamId)
      throw new ConnectionError(errorCodes.PROTOCOL_ERROR, `stream ${streamId} after ${lastStreamId}`);
    if (streamId === lastStreamId) throw new ConnectionError(errorCodes.STREAM_CLOSED, `stream ${streamId} is closed`);
    lastStreamId = streamId;
    if (closing || streams.size >= limits.maxConcurrentStreams)
      throw new StreamError(errorCodes.REFUSED_STREAM, 'no more streams are taken');
    if (fields === undefined) throw new StreamError(errorCodes.ENHANCE_YOUR_CALM, 'the headers are too large');
    const headers = requestHeaders(fields);
    if (headers === undefined) throw new StreamError(errorCodes.PROTOCOL_ERROR, 'the headers are malformed');
    const { streamWindow: readWindow } = limits;
    const stream = new ServerStream(host, { id: streamId, headers, sendWindow: peerWindow, firstWindow, readWindow });
    streams.set(streamId, stream);
    return stream;
  };

  const endTrailers = (stream: ServerStream, fields: readonly HeaderField[] | undefined, last: boolean): void => {
    if (stream.remoteEnded) throw new StreamError(errorCodes.STREAM_CLOSED, `stream ${stream.id} is half-closed`);
    if (!last || fields === undefined || !areTrailers(fields))
      throw new StreamError(errorCodes.PROTOCOL_ERROR, 'the trailers are malformed');
    endReceiving(stream);
  };

  const endBlock = ({ streamId, endStream, parts }: HeaderBlock): void => {
    block = undefined;
    const fields = decoder.decode(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
    const present = streams.get(streamId);
    if (present !== undefined) return endTrailers(present, fields, endStream);
    if (resetHere.has(streamId)) return;
    const stream = beginStream(streamId, fields);
    if (endStream) endReceiving(stream);
    onStream(stream);
  };

  const addToBlock = (of: HeaderBlock, part: Buffer, flags: number): void => {
    of.bytes += part.byteLength;
    // Not decoded it would leave the next block unreadable: the connection ends.
    if (of.bytes > limits.maxHeaderListSize || of.parts.length > maxEmptyFrames)
      throw new ConnectionError(errorCodes.ENHANCE_YOUR_CALM, 'the headers are too large');
    const ended = (flags & frameFlags.END_HEADERS) !== 0;
    of.parts.push(ended ? part : Buffer.from(part));
    if (ended) endBlock(of);
  };

  const onHeaders = ({ flags, streamId, length }: FrameHeader, payload: Buffer): void => {
    let start = 0;
    let end = length;
    if ((flags & frameFlags.PADDED) !== 0) {
      start = 1;
      end -= payload[0] ?? 0;
    }
    if ((flags & frameFlags.PRIORITY) !== 0) {
      if (end - start < 5) throw new ConnectionError(errorCodes.FRAME_SIZE_ERROR, 'a HEADERS frame is too short');
      if ((payload.readUInt32BE(start) & 0x7fffffff) === streamId)
        throw new ConnectionError(errorCodes.PROTOCOL_ERROR, `stream ${streamId} depends on itself`);
      start += 5;
    }
    if (start > end) throw new ConnectionError(errorCodes.PROTOCOL_ERROR, 'more padding than payload');
    block = { streamId, endStream: (flags & frameFlags.END_STREAM) !== 0, parts: [], bytes: 0 };
    addToBlock(block, payload.subarray(start, end), flags);
  };

  const onWindowUpdate = ({ streamId }: FrameHeader, payload: Buffer): void => {
    const bytes = payload.readUInt32BE(0) & 0x7fffffff;
    const stream = streams.get(streamId);
    if (bytes === 0)
      throw new (streamId === 0 ? ConnectionError : StreamError)(errorCodes.PROTOCOL_ERROR, 'an increment of 0');
    if (streamId === 0) {
      if (sender.window() + bytes > largestWindow)
        throw new ConnectionError(errorCodes.FLOW_CONTROL_ERROR, 'the window is too large');
      sender.widen(bytes);
    } else if (stream !== undefined) {
      if (stream.sendWindow + bytes > largestWindow)
        throw new StreamError(errorCodes.FLOW_CONTROL_ERROR, 'the window is too large');
      stream.sendWindow += bytes;
      sender.ready(stream);
    } else if (streamId > lastStreamId) throw notOpen(streamId);
  };

  const onSettings = ({ flags }: FrameHeader, payload: Buffer): void => {
    if ((flags & frameFlags.ACK) !== 0) return;
    for (const { id, value } of readSettings(payload)) {
      if (id === settingIds.MAX_FRAME_SIZE) sender.setFrameSize(value);
      if (id !== settingIds.INITIAL_WINDOW_SIZE) continue;
      for (const stream of streams.values()) {
        stream.sendWindow += value - peerWindow;
        if (stream.sendWindow > largestWindow)
          throw new ConnectionError(errorCodes.FLOW_CONTROL_ERROR, 'the window is too large');
        sender.ready(stream);
      }
      peerWindow = value;
    }
    settled = true;
    sender.control(wordFrame({ type: frameTypes.SETTINGS, flags: frameFlags.ACK, streamId: 0 }));
  };

  const onReset = ({ streamId }: FrameHeader): void => {
    if (streamId > lastStreamId) throw notOpen(streamId);
    const stream = streams.get(streamId);
    if (stream === undefined) return;
    if (!resets.allow()) throw new ConnectionError(errorCodes.ENHANCE_YOUR_CALM, 'too many streams are reset');
    stream.close();
  };

  const onPriority = ({ streamId }: FrameHeader, payload: Buffer): void => {
    if ((payload.readUInt32BE(0) & 0x7fffffff) === streamId)
      throw new StreamError(errorCodes.PROTOCOL_ERROR, `stream ${streamId} depends on itself`);
  };

  const onFrame = (header: FrameHeader, payload: Buffer): void => {
    switch (header.type) {
      case frameTypes.HEADERS:
        return onHeaders(header, payload);
      case frameTypes.CONTINUATION:
        return addToBlock(block as HeaderBlock, payload, header.flags);
      case frameTypes.WINDOW_UPDATE:
        return onWindowUpdate(header, payload);
      case frameTypes.SETTINGS:
        return onSettings(header, payload);
      case frameTypes.RST_STREAM:
        return onReset(header);
      case frameTypes.PRIORITY:
        return onPriority(header, payload);
      case frameTypes.PING:
        if ((header.flags & frameFlags.ACK) === 0)
          sender.control(frame({ type: frameTypes.PING, flags: frameFlags.ACK, streamId: 0 }, payload));
    }
  };

  const onDataHeader = ({ streamId, length, flags }: FrameHeader): void => {
    granted -= length;
    if (granted < 0) throw new ConnectionError(errorCodes.FLOW_CONTROL_ERROR, 'more than the window holds');
    const missing = limits.connectionWindow - granted;
    if (missing >= limits.connectionWindow / 2) {
      granted += missing;
      host.grant(0, missing);
    }
    if (length === 0 && (flags & frameFlags.END_STREAM) === 0 && ++emptyFrames > maxEmptyFrames)
      throw new ConnectionError(errorCodes.ENHANCE_YOUR_CALM, 'too many frames without data');
    const stream = streams.get(streamId);
    if (stream === undefined && resetHere.has(streamId)) return;
    if (stream === undefined || stream.remoteEnded) throw notOpen(streamId);
    if (!stream.take(length)) throw new StreamError(errorCodes.FLOW_CONTROL_ERROR, 'more than the window holds');
  };

  const onHeader = (header: FrameHeader): void => {
    const { type, streamId, flags, length } = header;
    checkFrame(header, limits.maxFrameSize);
    if (!settled && (type !== frameTypes.SETTINGS || (flags & frameFlags.ACK) !== 0))
      throw new ConnectionError(errorCodes.PROTOCOL_ERROR, 'SETTINGS must come first');
    if (
      (block !== undefined) !== (type === frameTypes.CONTINUATION) ||
      (block !== undefined && block.streamId !== streamId)
    )
      throw new ConnectionError(errorCodes.PROTOCOL_ERROR, 'a header block is interrupted');
    if (type === frameTypes.HEADERS || type === frameTypes.CONTINUATION) {
      if (length > limits.maxHeaderListSize)
        throw new ConnectionError(errorCodes.ENHANCE_YOUR_CALM, 'the headers are too large');
    } else if (type === frameTypes.DATA) guarded(streamId, () => onDataHeader(header));
  };

  /** A stream's own error ends the stream alone. */
  const guarded = (streamId: number, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (!resets.allow()) throw new ConnectionError(errorCodes.ENHANCE_YOUR_CALM, error.message);
      resetStream(streamId, error.code);
      streams.get(streamId)?.close();
    }
  };

  const reader = createFrameReader({
    onHeader,
    onFrame: (header, payload) => guarded(header.streamId, () => onFrame(header, payload)),
    onData: ({ streamId }, part) => streams.get(streamId)?.receive(part),
    onDataEnd({ streamId, flags }) {
      const stream = streams.get(streamId);
      if ((flags & frameFlags.END_STREAM) !== 0 && stream !== undefined) guarded(streamId, () => endReceiving(stream));
    },
  });

  const giveUp = (error: unknown): void => {
    if (socket.destroyed) return;
    onError(error as Error);
    const code = error instanceof ConnectionError ? error.code : errorCodes.PROTOCOL_ERROR;
    goAway(code, (error as Error).message);
    failed = true;
    for (const stream of [...streams.values()]) stream.close();
    setImmediate(() => socket.end());
    setTimeout(() => socket.destroy(), 1000).unref();
  };
  let failed = false;

  const timer = setTimeout(() => !settled && socket.destroy(), prefaceMs);
  timer.unref();
  socket.on('data', (chunk: Buffer) => {
    if (failed) return;
    try {
      reader.push(chunk);
    } catch (error) {
      giveUp(error);
    }
  });
  socket.on('error', onError);
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    clearTimeout(timer);
    for (const stream of [...streams.values()]) stream.close();
    onClose();
  });

  sender.control(
    settingsFrame([
      [settingIds.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
      [settingIds.INITIAL_WINDOW_SIZE, firstWindow],
      [settingIds.MAX_FRAME_SIZE, limits.maxFrameSize],
      [settingIds.MAX_HEADER_LIST_SIZE, limits.maxHeaderListSize],
    ]),
  );
  host.grant(0, limits.connectionWindow - defaultWindow);

  return {
    close() {
      if (closing) return;
      closing = true;
      goAway(errorCodes.NO_ERROR);
      setImmediate(endWhenIdle);
    },
    destroy: () => void socket.destroy(),
  };
}

const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
  return bytes;
};
