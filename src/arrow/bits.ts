/**
 * Appends `count` bits of `source`, starting at bit `sourceBit`, to `target` at bit `targetBit`.
 * The bits of `target` from there on must be zero. Chunks are not multiples of eight rows after a filter, so both
 * sides may start anywhere.
 */
export function appendBits(
  target: Uint8Array,
  targetBit: number,
  source: Uint8Array,
  sourceBit: number,
  count: number,
): void {
  const shift = targetBit & 7;
  let at = targetBit >> 3;
  const whole = shift === 0 && (sourceBit & 7) === 0 ? count >> 3 : 0;
  if (whole > 0) target.set(source.subarray(sourceBit >> 3, (sourceBit >> 3) + whole), at);
  at += whole;
  for (let done = whole * 8; done < count; done += 8, at++) {
    let bits = byteAt(source, sourceBit + done);
    const left = count - done;
    if (left < 8) bits &= (1 << left) - 1;
    target[at] = (target[at] as number) | (bits << shift);
    if (shift !== 0 && left + shift > 8) target[at + 1] = bits >> (8 - shift);
  }
}

/** Sets `count` bits of `target` from `targetBit` on. */
export function appendOnes(target: Uint8Array, targetBit: number, count: number): void {
  let bit = targetBit;
  const end = targetBit + count;
  while (bit < end && (bit & 7) !== 0) target[bit >> 3] = (target[bit >> 3] as number) | (1 << (bit++ & 7));
  const whole = (end - bit) >> 3;
  target.fill(255, bit >> 3, (bit >> 3) + whole);
  for (bit += whole * 8; bit < end; bit++) target[bit >> 3] = (target[bit >> 3] as number) | (1 << (bit & 7));
}

function byteAt(source: Uint8Array, bit: number): number {
  const at = bit >> 3;
  const shift = bit & 7;
  const low = source[at] as number;
  return shift === 0 ? low : ((low >> shift) | ((source[at + 1] ?? 0) << (8 - shift))) & 255;
}

export const isBitSet = (bytes: Uint8Array, bit: number): boolean =>
  (((bytes[bit >> 3] as number) >> (bit & 7)) & 1) === 1;

const onesOfByte = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let bits = byte; bits !== 0; bits >>= 1) ones += bits & 1;
  return ones;
});

export function countZeros(source: Uint8Array, start: number, count: number): number {
  const end = start + count;
  let ones = 0;
  let bit = start;
  for (; bit < end && (bit & 7) !== 0; bit++) if (isBitSet(source, bit)) ones++;
  for (; bit + 8 <= end; bit += 8) ones += onesOfByte[source[bit >> 3] as number] as number;
  for (; bit < end; bit++) if (isBitSet(source, bit)) ones++;
  return count - ones;
}
