import type { Duplex } from 'node:stream';
import {
  ConnectionError,
  defaultFrameSize,
  defaultWindow,
  errorCodes,
  frameHeaderBytes,
  frameTypes,
  writeFrameHeader,
} from './protocol.ts';

/** What a stream has to send, in order. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  /** A frame that is complete; else what DATA frames carry, `at` bytes of it sent. */
  readonly isFrame: boolean;
  at: number;
  /** Parts handed to the socket, not written yet. */
  inFlight: number;
  /** Called once, when `bytes` may be reused. */
  done: (() => void) | undefined;
}

export interface Sending {
  readonly id: number;
  readonly queue: Outgoing[];
  /** Bytes the peer takes of this stream. */
  sendWindow: number;
  /** In the sender's list of those that can go on. */
  queued: boolean;
  /** All there was is with the socket. */
  onEmpty(): void;
}

export interface Sender {
  /** Sends a frame of the connection itself before everything else; ends the connection when too many are not read. */
  control(frame: Buffer): void;
  /** The stream has something to send, or its window has opened. */
  ready(stream: Sending): void;
  widen(bytes: number): void;
  window(): number;
  setFrameSize(bytes: number): void;
  /** Everything is with the socket. */
  isIdle(): boolean;
}

/** A stream sends so much before it is the next one's turn, if others wait. */
const turnBytes = 256 << 10;
/** With the socket at most, before more is taken from the streams. */
const maxBuffered = 2 << 20;
/** Below this a part is copied behind its header: one write is cheaper than two buffers. */
const copiedBytes = 4 << 10;
/** Answers to the peer's own frames that it does not read. */
const maxUnreadControls = 10_000;

export function createSender(socket: Duplex): Sender {
  let controls: Buffer[] = [];
  let unread = 0;
  let small: Buffer[] = [];
  let smallBytes = 0;
  let ready: Sending[] = [];
  let scheduled = false;
  let corked = false;
  let window = defaultWindow;
  let frameSize = defaultFrameSize;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    process.nextTick(pump); // what is said in one go leaves in one write
  };

  const append = (bytes: Uint8Array): void => {
    small.push(bytes as Buffer);
    smallBytes += bytes.byteLength;
  };
  const flushSmall = (written?: () => void): void => {
    if (smallBytes === 0) return;
    socket.write(small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small, smallBytes), written);
    small = [];
    smallBytes = 0;
  };

  const settle = (item: Outgoing): void => {
    if (item.inFlight > 0 || item.done === undefined) return;
    const { done } = item;
    item.done = undefined;
    done();
  };

  /** Behind its header in one buffer. */
  const sendCopied = (streamId: number, part: Uint8Array): void => {
    const bytes = Buffer.allocUnsafe(frameHeaderBytes + part.byteLength);
    writeFrameHeader(bytes, part.byteLength, { type: frameTypes.DATA, flags: 0, streamId });
    bytes.set(part, frameHeaderBytes);
    append(bytes);
  };

  /** As it lies, in frames as large as the peer takes them; what is written last was written after all of them. */
  const sendParts = (stream: Sending, item: Outgoing, bytes: Uint8Array): void => {
    if (!corked) socket.cork();
    corked = true;
    const heads = Buffer.allocUnsafe(frameHeaderBytes * Math.ceil(bytes.byteLength / frameSize));
    const written = (): void => {
      item.inFlight--;
      if (item.at === item.bytes.byteLength || stream.queue[0] !== item) settle(item);
      if (ready.length > 0) schedule();
    };
    item.inFlight++;
    for (let at = 0, head = 0; at < bytes.byteLength; at += frameSize, head += frameHeaderBytes) {
      const part = bytes.subarray(at, at + frameSize);
      const header = heads.subarray(head, head + frameHeaderBytes);
      writeFrameHeader(header, part.byteLength, { type: frameTypes.DATA, flags: 0, streamId: stream.id });
      append(header);
      flushSmall();
      socket.write(part, at + frameSize >= bytes.byteLength ? written : undefined);
    }
  };

  const sendData = (stream: Sending, item: Outgoing, length: number): void => {
    const bytes = item.bytes.subarray(item.at, item.at + length);
    item.at += length;
    stream.sendWindow -= length;
    window -= length;
    if (length <= copiedBytes) sendCopied(stream.id, bytes);
    else sendParts(stream, item, bytes);
  };

  /** Until it has nothing left, its turn is over or a window is closed. */
  const takeTurn = (stream: Sending): void => {
    let left = ready.length === 0 ? maxBuffered : turnBytes;
    for (let item = stream.queue[0]; item !== undefined && left > 0; item = stream.queue[0]) {
      if (item.isFrame) append(item.bytes);
      else {
        const length = Math.min(item.bytes.byteLength - item.at, window, stream.sendWindow, left);
        if (length <= 0) return;
        sendData(stream, item, length);
        left -= length;
        if (item.at < item.bytes.byteLength) continue;
      }
      stream.queue.shift();
      settle(item);
    }
  };

  const canGoOn = ({ queue, sendWindow }: Sending): boolean => {
    const next = queue[0];
    return next !== undefined && (next.isFrame || (sendWindow > 0 && window > 0));
  };

  const sendControls = (): void => {
    const sent = controls.length;
    if (sent === 0) return;
    socket.write(Buffer.concat(controls), () => {
      unread -= sent;
    });
    controls = [];
  };

  const pump = (): void => {
    scheduled = false;
    if (socket.destroyed) return;
    sendControls();
    const blocked: Sending[] = [];
    while (ready.length > 0 && socket.writableLength + smallBytes < maxBuffered) {
      const stream = ready.shift() as Sending;
      takeTurn(stream);
      if (canGoOn(stream)) ready.push(stream);
      else if (stream.queue.length > 0 && stream.sendWindow > 0) blocked.push(stream);
      else {
        stream.queued = false;
        if (stream.queue.length === 0) stream.onEmpty();
      }
    }
    ready = [...blocked, ...ready];
    flushSmall(ready.some(canGoOn) ? schedule : undefined);
    if (corked) socket.uncork();
    corked = false;
  };

  return {
    control(frame) {
      if (socket.destroyed) return;
      controls.push(frame);
      // Not thrown: timers and readers answer too, and nobody would catch it there.
      if (++unread > maxUnreadControls)
        socket.destroy(new ConnectionError(errorCodes.ENHANCE_YOUR_CALM, `${unread} answers are not read`));
      else schedule();
    },
    ready(stream) {
      const next = stream.queue[0];
      // Without room in the connection's window it waits in line; without room in its own it comes again.
      if (stream.queued || next === undefined || (!next.isFrame && stream.sendWindow <= 0)) return;
      stream.queued = true;
      ready.push(stream);
      schedule();
    },
    widen(bytes) {
      window += bytes;
      schedule();
    },
    window: () => window,
    setFrameSize(bytes) {
      frameSize = bytes;
    },
    isIdle: () => ready.length === 0 && controls.length === 0 && socket.writableLength === 0,
  };
}
