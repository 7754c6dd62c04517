import { Transform } from 'node:stream';

const quote = 0x22;
const cr = 0x0d;
const lf = 0x0a;

/** Some lines end with CR LF and some with LF alone, those inside quotes not counted. */
export function hasMixedNewlines(text: Buffer): boolean {
  if (!text.includes('\r\n')) return false;
  let quoted = false;
  let both = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (byte === quote) quoted = !quoted;
    else if (byte === lf && !quoted) both |= text[i - 1] === cr ? 1 : 2;
    if (both === 3) return true;
  }
  return false;
}

/** Drops the CR of each CR LF outside quotes. */
export function plainNewlines(): Transform {
  let quoted = false;
  let held = false;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const out = Buffer.allocUnsafe(chunk.length + 1);
      let at = 0;
      for (const byte of chunk) {
        if (held && byte !== lf) out[at++] = cr;
        held = byte === cr && !quoted;
        if (byte === quote) quoted = !quoted;
        if (!held) out[at++] = byte;
      }
      done(null, out.subarray(0, at));
    },
    flush: (done) => done(null, held ? Buffer.of(cr) : undefined),
  });
}
