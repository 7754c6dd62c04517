import { DuckhouseError } from '../errors.ts';

/** A table of a flatbuffer being read: every access is checked against the bytes, so hostile metadata only gives errors. */
export interface FlatTable {
  readonly view: DataView;
  readonly position: number;
  readonly vtable: number;
  readonly vtableSize: number;
}

export interface FlatVector {
  readonly view: DataView;
  readonly start: number;
  readonly length: number;
}

const broken = (what: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `malformed Arrow metadata: ${what}`, { id: 'arrow-malformed', context: { what } });

function check(view: DataView, position: number, length: number, what: string): void {
  if (position < 0 || length < 0 || position + length > view.byteLength)
    throw broken(`${what} outside the message (at byte ${position})`);
}

export function rootTable(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  check(view, 0, 4, 'root offset');
  return tableAt(view, view.getUint32(0, true));
}

export function tableAt(view: DataView, position: number): FlatTable {
  check(view, position, 4, 'table');
  const vtable = position - view.getInt32(position, true);
  check(view, vtable, 4, 'vtable');
  const vtableSize = view.getUint16(vtable, true);
  if (vtableSize < 4) throw broken(`vtable of ${vtableSize} bytes`);
  check(view, vtable, vtableSize, 'vtable');
  return { view, position, vtable, vtableSize };
}

/** Byte position of field `slot`, 0 when absent. */
function fieldAt(table: FlatTable, slot: number): number {
  const entry = 4 + 2 * slot;
  if (entry + 2 > table.vtableSize) return 0;
  const offset = table.view.getUint16(table.vtable + entry, true);
  return offset === 0 ? 0 : table.position + offset;
}

function scalar(table: FlatTable, slot: number, size: number): number {
  const position = fieldAt(table, slot);
  if (position !== 0) check(table.view, position, size, `field ${slot}`);
  return position;
}

export function readInt8(table: FlatTable, slot: number, absent: number): number {
  const position = scalar(table, slot, 1);
  return position === 0 ? absent : table.view.getUint8(position);
}

export function readInt16(table: FlatTable, slot: number, absent: number): number {
  const position = scalar(table, slot, 2);
  return position === 0 ? absent : table.view.getInt16(position, true);
}

export function readInt32(table: FlatTable, slot: number, absent: number): number {
  const position = scalar(table, slot, 4);
  return position === 0 ? absent : table.view.getInt32(position, true);
}

export function readBigInt64(table: FlatTable, slot: number, absent: bigint): bigint {
  const position = scalar(table, slot, 8);
  return position === 0 ? absent : table.view.getBigInt64(position, true);
}

/** A length or offset: a whole number from 0 to 2^53. */
export const readLength = (table: FlatTable, slot: number, what: string): number =>
  toLength(readBigInt64(table, slot, 0n), what);

export function toLength(value: bigint, what: string): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(`${what} is ${value}`);
  return Number(value);
}

export function readTable(table: FlatTable, slot: number): FlatTable | undefined {
  const position = scalar(table, slot, 4);
  return position === 0 ? undefined : tableAt(table.view, position + table.view.getUint32(position, true));
}

export function readVector(table: FlatTable, slot: number, elementSize: number): FlatVector {
  const position = scalar(table, slot, 4);
  if (position === 0) return { view: table.view, start: 0, length: 0 };
  const start = position + table.view.getUint32(position, true);
  check(table.view, start, 4, `vector ${slot}`);
  const length = table.view.getUint32(start, true);
  check(table.view, start + 4, length * elementSize, `vector ${slot} of ${length} elements`);
  return { view: table.view, start: start + 4, length };
}

export function readString(table: FlatTable, slot: number): string | undefined {
  if (scalar(table, slot, 4) === 0) return undefined;
  const { view, start, length } = readVector(table, slot, 1);
  return Buffer.from(view.buffer, view.byteOffset + start, length).toString('utf8');
}

/** The tables a vector of offsets points at. */
export function readTables(table: FlatTable, slot: number): FlatTable[] {
  const { view, start, length } = readVector(table, slot, 4);
  return Array.from({ length }, (_, i) => {
    const position = start + 4 * i;
    return tableAt(view, position + view.getUint32(position, true));
  });
}
