import { DuckhouseError } from '../errors.ts';

const broken = (what: string): DuckhouseError => new DuckhouseError('DataInvalid', `malformed LZ4 frame: ${what}`);
const magic = 0x184d2204;

/**
 * Decodes one LZ4 frame of exactly `size` bytes (checksums are not verified: Arrow's transports have their own).
 * Blocks may refer to the data of earlier blocks. DataInvalid when it does not come out at `size`.
 */
export function decodeLz4Frame(source: Uint8Array, size: number): Uint8Array {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const target = new Uint8Array(new ArrayBuffer(size));
  let position = frameHeader(view);
  const blockChecksum = ((source[4] as number) & 0x10) !== 0;
  let written = 0;
  for (;;) {
    if (position + 4 > source.length) throw broken('ends inside a block header');
    const header = view.getUint32(position, true);
    position += 4;
    if (header === 0) break;
    const length = header & 0x7fffffff;
    if (position + length > source.length) throw broken('ends inside a block');
    const block = source.subarray(position, position + length);
    written = header >>> 31 === 1 ? copyStored(block, target, written) : decodeBlock(block, target, written);
    position += length + (blockChecksum ? 4 : 0);
  }
  if (written !== size) throw broken(`${written} bytes instead of ${size}`);
  return target;
}

/** Position of the first block. */
function frameHeader(view: DataView): number {
  if (view.byteLength < 7 || view.getUint32(0, true) !== magic) throw broken('no frame header');
  const flags = view.getUint8(4);
  if (flags >> 6 !== 1) throw broken(`version ${flags >> 6}`);
  const contentSize = (flags & 0x08) !== 0 ? 8 : 0;
  const dictionaryId = (flags & 0x01) !== 0 ? 4 : 0;
  return 7 + contentSize + dictionaryId;
}

function copyStored(block: Uint8Array, target: Uint8Array, written: number): number {
  if (written + block.length > target.length) throw broken('more data than declared');
  target.set(block, written);
  return written + block.length;
}

function decodeBlock(block: Uint8Array, target: Uint8Array, start: number): number {
  let at = 0;
  let to = start;
  const extended = (nibble: number): number => {
    let length = nibble;
    if (nibble !== 15) return length;
    for (;;) {
      if (at >= block.length) throw broken('ends inside a length');
      const byte = block[at++] as number;
      length += byte;
      if (byte !== 255) return length;
    }
  };
  while (at < block.length) {
    const token = block[at++] as number;
    const literals = extended(token >> 4);
    if (at + literals > block.length || to + literals > target.length) throw broken('literals beyond the end');
    target.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === block.length) return to;
    if (at + 2 > block.length) throw broken('ends inside an offset');
    const offset = (block[at] as number) | ((block[at + 1] as number) << 8);
    at += 2;
    const length = extended(token & 15) + 4;
    if (offset === 0 || offset > to || to + length > target.length)
      throw broken(`match of ${length} bytes at distance ${offset}`);
    copyMatch(target, { from: to - offset, to, length });
    to += length;
  }
  return to;
}

/** Source and target of a match may overlap: what was just written is then read again. */
function copyMatch(
  target: Uint8Array,
  { from, to, length }: { readonly from: number; readonly to: number; readonly length: number },
): void {
  if (from + length <= to) target.copyWithin(to, from, from + length);
  else for (let i = 0; i < length; i++) target[to + i] = target[from + i] as number;
}
