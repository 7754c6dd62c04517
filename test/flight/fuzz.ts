import http2, { type ClientHttp2Session } from 'node:http2';

/** Numbers from 0 up to `below`, the same for the same seed. */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const interesting = [0, 1, 2, 7, 8, 10, 18, 63, 64, 127, 128, 192, 254, 255];

/** One small change to the bytes. */
function change(bytes: Buffer, random: Random, other: Buffer): Buffer {
  const at = random(bytes.length + 1);
  switch (random(8)) {
    case 0: // a bit
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random(8));
      return bytes;
    case 1: // a byte
      if (at < bytes.length) bytes[at] = interesting[random(interesting.length)] as number;
      return bytes;
    case 2: // cut off
      return bytes.subarray(0, at);
    case 3: // a piece taken out
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(16))]);
    case 4: // a piece put in
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256), random(256)]), bytes.subarray(at)]);
    case 5: // a piece of it again
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1), at), bytes.subarray(at)]);
    case 6: // a piece of another request
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
    default: // a 32-bit number
      if (at + 4 <= bytes.length)
        bytes.writeUInt32LE([0, 1, 0x7fffffff, 0xffffffff, 0x80000000][random(5)] as number, at);
      return bytes;
  }
}

export function mutate(original: Buffer, random: Random, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(original);
  for (let changes = 1 + random(4); changes > 0; changes--) bytes = change(bytes, random, other);
  return bytes;
}

export interface RawCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The gRPC status of a call; 'reset' when the stream was ended without one, 'hang' when nothing came in time. */
export function callRaw(
  session: ClientHttp2Session,
  { path, headers, body }: RawCall,
  hangMs: number,
): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let status: string | undefined;
    const note = (received: http2.IncomingHttpHeaders): void => {
      const given = received['grpc-status'];
      if (typeof given === 'string') status = given;
    };
    const timer = setTimeout(() => {
      resolve('hang');
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }, hangMs);
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', () => undefined); // told by close
    stream.on('data', () => undefined);
    stream.on('close', () => {
      clearTimeout(timer);
      resolve(status ?? 'reset');
    });
    stream.end(body);
  });
}
