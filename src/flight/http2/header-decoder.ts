import { decodeHuffman } from './huffman.ts';
import { ConnectionError, errorCodes } from './protocol.ts';
import { type HeaderField, staticTable } from './static-table.ts';

export interface HeaderDecoder {
  /**
   * The fields of a whole header block, in order; undefined when they are larger than the limit.
   * Throws ConnectionError COMPRESSION_ERROR for bytes that are no HPACK.
   */
  decode(block: Uint8Array): readonly HeaderField[] | undefined;
}

/** Of the dynamic table, by RFC 7541 section 4.1. */
const fieldOverhead = 32;
const maxTableSize = 4096;

const sizeOf = ({ name, value }: HeaderField): number => name.length + value.length + fieldOverhead;
const broken = (what: string): ConnectionError => new ConnectionError(errorCodes.COMPRESSION_ERROR, what);

/** HPACK of one direction of a connection: each block changes how the next is read. */
export function createHeaderDecoder(maxListSize: number): HeaderDecoder {
  /** Newest first. */
  const dynamic: HeaderField[] = [];
  let size = 0;
  let limit = maxTableSize;
  let bytes: Uint8Array = new Uint8Array(0);
  let at = 0;

  const evict = (): void => {
    while (size > limit) size -= sizeOf(dynamic.pop() as HeaderField);
  };
  const add = (field: HeaderField): void => {
    size += sizeOf(field);
    dynamic.unshift(field);
    evict();
  };
  const entry = (index: number): HeaderField => {
    const field = index <= staticTable.length ? staticTable[index - 1] : dynamic[index - staticTable.length - 1];
    if (field === undefined) throw broken(`there is no header field at index ${index}`);
    return field;
  };
  const integer = (bits: number): number => {
    const mask = (1 << bits) - 1;
    let value = (bytes[at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 21) throw broken('an integer without an end');
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const string = (): string => {
    const huffman = ((bytes[at] ?? 0) & 128) !== 0;
    if (at >= bytes.byteLength) throw broken('a header field without an end');
    const length = integer(7);
    const end = at + length;
    if (end > bytes.byteLength) throw broken('a header field without an end');
    const start = at;
    at = end;
    if (!huffman) return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
    const decoded = decodeHuffman(bytes, start, end);
    if (decoded === undefined) throw broken('a header field that is no Huffman code');
    return decoded;
  };
  const literal = (bits: number): HeaderField => {
    const index = integer(bits);
    return { name: index === 0 ? string() : entry(index).name, value: string() };
  };
  /** undefined: the table was resized. */
  const next = (first: boolean): HeaderField | undefined => {
    const byte = bytes[at] as number;
    if (byte >= 128) return entry(integer(7));
    if (byte >= 64) {
      const field = literal(6);
      add(field);
      return field;
    }
    if (byte < 32) return literal(4);
    if (!first) throw broken('the size of the table changes between fields');
    limit = integer(5);
    if (limit > maxTableSize) throw broken(`a table of ${limit} bytes`);
    evict();
    return undefined;
  };

  return {
    decode(block) {
      bytes = block;
      at = 0;
      let total = 0;
      const fields: HeaderField[] = [];
      while (at < bytes.byteLength) {
        const field = next(fields.length === 0 && total === 0);
        if (field === undefined) continue;
        total += sizeOf(field);
        if (total <= maxListSize) fields.push(field);
      }
      return total > maxListSize ? undefined : fields;
    },
  };
}
