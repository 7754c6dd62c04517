import type { TextSource } from '../type-map.ts';

const pad2 = (value: number): string => String(value).padStart(2, '0');

/** DuckDB's dtime_tz_t: microseconds in the upper 40 bits, 57599 minus the offset in seconds in the lower 24. */
function timetz(bytes: Buffer): string {
  const bits = bytes.readBigUInt64LE(0);
  const micros = Number(bits >> 24n);
  const offset = 57599 - Number(bits & 0xffffffn);
  const seconds = Math.floor(micros / 1e6);
  const fraction = micros % 1e6;
  const time = `${pad2(Math.floor(seconds / 3600))}:${pad2(Math.floor(seconds / 60) % 60)}:${pad2(seconds % 60)}`;
  const digits = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return time + digits + zone(offset);
}

function zone(offset: number): string {
  const magnitude = Math.abs(offset);
  const minutes = Math.floor(magnitude / 60) % 60;
  const parts = [Math.floor(magnitude / 3600), minutes, magnitude % 60];
  const shown = magnitude % 60 !== 0 ? parts : minutes !== 0 ? parts.slice(0, 2) : parts.slice(0, 1);
  return (offset < 0 ? '-' : '+') + shown.map(pad2).join(':');
}

const bitsOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, '0'));

/** A count of padding bits, then the bits, most significant first. */
function bit(bytes: Buffer): string {
  let text = '';
  for (let i = 1; i < bytes.length; i++) text += bitsOfByte[bytes[i] as number];
  return text.slice(bytes[0]);
}

/** Three header bytes (sign and length), then the magnitude, big-endian; all complemented when negative. */
function bignum(bytes: Buffer): string {
  const negative = ((bytes[0] as number) & 0x80) === 0;
  const magnitude = bytes.subarray(3).map((byte) => (negative ? ~byte & 255 : byte));
  const digits = BigInt(`0x${Buffer.from(magnitude).toString('hex') || '0'}`).toString();
  return negative ? `-${digits}` : digits;
}

function uuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** DuckDB's own text of a value, from its raw bytes; the bytes of fixed-width sources have that width. */
export const textWriters: Readonly<
  Record<TextSource, { readonly width?: number; readonly write: (bytes: Buffer) => string }>
> = {
  timetz: { width: 8, write: timetz },
  uuid: { width: 16, write: uuid },
  bit: { write: bit },
  bignum: { write: bignum },
};
