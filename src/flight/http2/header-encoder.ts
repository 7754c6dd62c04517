import { staticNames } from './static-table.ts';

export type OutgoingHeaders = Readonly<Record<string, string | number | undefined>>;

/** Never to be kept in a table by anybody on the way. */
const secret = new Set(['authorization', 'set-cookie', 'cookie']);

/** A header block that needs no table: it may be encoded once and sent on any connection. */
export function encodeHeaders(headers: OutgoingHeaders): Buffer {
  const out: number[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    if (name === ':status' && String(value) === '200') out.push(0x88);
    else field(out, name, String(value));
  }
  return Buffer.from(out);
}

function field(out: number[], name: string, value: string): void {
  const index = staticNames.get(name) ?? 0;
  integer(out, { bits: 4, first: secret.has(name) ? 0x10 : 0, value: index });
  if (index === 0) string(out, name);
  string(out, value);
}

function string(out: number[], text: string): void {
  integer(out, { bits: 7, first: 0, value: text.length });
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i) & 0xff);
}

function integer(out: number[], of: { readonly bits: number; readonly first: number; readonly value: number }): void {
  const mask = (1 << of.bits) - 1;
  if (of.value < mask) return void out.push(of.first | of.value);
  out.push(of.first | mask);
  let rest = of.value - mask;
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
}
