import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeHeaders } from '../../src/flight/http2/header-encoder.ts';
import { frame, preface, settingsFrame } from '../../src/flight/http2/protocol.ts';

/** Numbers below 1 that follow from the seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Sends one connection's worth of frames, some of them wrong, and resolves when it has ended or was left. */
export function createMutator(seed: number): (port: number) => Promise<void> {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));
  const block = encodeHeaders({ ':method': 'POST', ':scheme': 'http', ':path': '/', 'x-some': 'value' });

  const randomFrame = (): Buffer => {
    const streamId = below(4) === 0 ? 0 : below(12);
    switch (below(8)) {
      case 0:
        return frame({ type: 1, flags: 4 | below(2), streamId: streamId | 1 }, block);
      case 1:
        return frame({ type: 0, flags: below(16), streamId }, bytes(below(300)));
      case 2:
        return settingsFrame([[below(8), below(2) === 0 ? below(70_000) : below(2 ** 32)]]);
      case 3:
        return frame({ type: 8, flags: 0, streamId }, bytes(4));
      case 4:
        return frame({ type: 3, flags: 0, streamId }, bytes(4));
      case 5:
        return frame({ type: 1 + 8 * below(2), flags: below(256), streamId }, bytes(below(60)));
      default:
        return frame({ type: below(12), flags: below(256), streamId }, bytes(below(20)));
    }
  };
  const damaged = (whole: Buffer): Buffer => {
    const copy = Buffer.from(whole);
    for (let i = below(3); i > 0; i--) copy[below(copy.byteLength)] = below(256);
    return below(4) === 0 ? copy.subarray(0, below(copy.byteLength)) : copy;
  };

  return async (port) => {
    const frames = Array.from({ length: 1 + below(20) }, randomFrame);
    const whole = Buffer.concat([preface, settingsFrame([]), ...frames]);
    const sent = below(2) === 0 ? damaged(whole) : whole;
    const socket = net.connect(port, '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined).resume();
    const cut = below(sent.byteLength);
    socket.write(sent.subarray(0, cut));
    socket.write(sent.subarray(cut));
    await Promise.race([closed, sleep(20)]);
    socket.destroy();
  };
}
