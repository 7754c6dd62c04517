import { encodeHeaders, type OutgoingHeaders } from './header-encoder.ts';
import { type ErrorCode, frame, frameFlags, frameTypes } from './protocol.ts';
import type { IncomingHeaders } from './request-headers.ts';
import type { Outgoing, Sending } from './sender.ts';

/** Takes what the client sends. */
export interface StreamListener {
  data(part: Buffer): void;
  /** The client has ended its side. */
  end(): void;
}

/** What a stream needs of its connection. */
export interface StreamHost {
  ready(stream: Sending): void;
  /** The peer may send so much more of the stream. */
  grant(streamId: number, bytes: number): void;
  resetStream(streamId: number, code: ErrorCode): void;
  forget(stream: ServerStream): void;
}

export interface StreamOptions {
  readonly id: number;
  readonly headers: IncomingHeaders;
  readonly sendWindow: number;
  /** What the client may send before anybody reads. */
  readonly firstWindow: number;
  /** What it may send ahead of a reader. */
  readonly readWindow: number;
}

/** Few bytes do not show that more will come. */
const worthGranting = 64 << 10;

/** A request and its response. One is made for every call: a class, whose methods are made once. */
export class ServerStream implements Sending {
  readonly id: number;
  readonly headers: IncomingHeaders;
  readonly queue: Outgoing[] = [];
  sendWindow: number;
  queued = false;
  /** The client has ended its side. */
  remoteEnded = false;
  headersSent = false;
  /** Nothing more is sent or received. */
  closed = false;
  private readonly host: StreamHost;
  private readonly readWindow: number;
  /** What the client may still send. */
  private granted: number;
  private received = 0;
  private listener: StreamListener | undefined;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private paused = false;
  private discarding = false;
  private endTold = false;
  private localEnded = false;
  private closeListener: (() => void) | undefined;
  private sentListener: (() => void) | undefined;

  constructor(host: StreamHost, { id, headers, sendWindow, firstWindow, readWindow }: StreamOptions) {
    this.id = id;
    this.headers = headers;
    this.sendWindow = sendWindow;
    this.host = host;
    this.granted = firstWindow;
    this.readWindow = readWindow;
  }

  respond(headers: Buffer, options: { readonly endStream: boolean } = { endStream: false }): void {
    if (this.closed || this.headersSent) return;
    this.headersSent = true;
    this.sendHeaders(headers, options.endStream);
  }

  /** `done` when the bytes may be reused: they are written, or never will be. */
  write(bytes: Uint8Array, done: () => void): void {
    if (this.closed || this.localEnded) return done();
    this.enqueue({ bytes, isFrame: false, at: 0, inFlight: 0, done });
  }

  /** Trailers end the response. */
  end(trailers: OutgoingHeaders): void {
    if (!this.closed && !this.localEnded) this.sendHeaders(encodeHeaders(trailers), true);
  }

  reset(code: ErrorCode): void {
    if (this.closed) return;
    this.host.resetStream(this.id, code);
    this.close();
  }

  /** From now on `listener` gets what comes; first what has come already. */
  listen(listener: StreamListener): void {
    this.listener = listener;
    this.deliver();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.deliver();
  }

  /** What still comes is thrown away. */
  discard(): void {
    this.discarding = true;
    this.paused = false;
    this.listener = undefined;
    const bytes = this.heldBytes;
    this.held = [];
    this.heldBytes = 0;
    this.grantAgain(bytes);
  }

  /** Called once, when the stream is closed, for whatever reason. */
  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.closeListener = listener;
  }

  /** Called once, when all of the response is with the socket, unless the stream is closed before. */
  onSent(listener: () => void): void {
    if (this.localEnded && this.queue.length === 0) listener();
    else this.sentListener = listener;
  }

  /** False: more than the client was allowed. */
  take(bytes: number): boolean {
    this.granted -= bytes;
    return this.granted >= 0;
  }

  receive(part: Buffer): void {
    this.received += part.byteLength;
    if (this.discarding) return this.grantAgain(part.byteLength);
    this.held.push(part);
    this.heldBytes += part.byteLength;
    this.deliver();
  }

  /** False: the body is not as long as its headers say. */
  endReceiving(): boolean {
    const declared = this.headers['content-length'];
    if (declared !== undefined && Number(declared) !== this.received) return false;
    this.remoteEnded = true;
    this.deliver();
    this.closeWhenEnded();
    return true;
  }

  /** The connection is gone, or the client has reset the stream. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const item of this.queue.splice(0)) if (item.inFlight === 0) item.done?.();
    this.host.forget(this);
    this.closeListener?.();
  }

  onEmpty(): void {
    this.closeWhenEnded();
    if (!this.closed && this.localEnded) this.sentListener?.();
  }

  private sendHeaders(block: Buffer, last: boolean): void {
    const flags = frameFlags.END_HEADERS | (last ? frameFlags.END_STREAM : 0);
    this.localEnded = last;
    const bytes = frame({ type: frameTypes.HEADERS, flags, streamId: this.id }, block);
    this.enqueue({ bytes, isFrame: true, at: 0, inFlight: 0, done: undefined });
  }

  private enqueue(item: Outgoing): void {
    this.queue.push(item);
    this.host.ready(this);
  }

  private deliver(): void {
    // The listener may give up at any part.
    while (this.listener !== undefined && !this.paused && this.held.length > 0) {
      const part = this.held.shift() as Buffer;
      this.heldBytes -= part.byteLength;
      this.listener.data(part);
      this.grantAgain(part.byteLength);
    }
    if (this.listener === undefined || !this.remoteEnded || this.endTold || this.held.length > 0) return;
    this.endTold = true;
    this.listener.end();
  }

  /** Bytes have left: when half of the window is used up, the client gets it back. */
  private grantAgain(bytes: number): void {
    if (bytes === 0 || this.remoteEnded || this.closed || this.received < worthGranting) return;
    const missing = this.readWindow - this.granted - this.heldBytes;
    if (missing < this.readWindow / 2) return;
    this.granted += missing;
    this.host.grant(this.id, missing);
  }

  private closeWhenEnded(): void {
    if (this.remoteEnded && this.localEnded && this.queue.length === 0) this.close();
  }
}
