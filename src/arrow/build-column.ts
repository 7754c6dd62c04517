import { DuckhouseError } from '../errors.ts';
import { fixedWidth } from './column-access.ts';
import type { ArrowField, ArrowType } from './types.ts';

/** What a record batch is made of, in the order of the format: fields depth first. */
export interface BatchParts {
  readonly nodes: { readonly length: number; readonly nullCount: number }[];
  readonly buffers: Uint8Array[];
}

/** One member of a union, chosen by its type id. */
export interface UnionValue {
  readonly typeId: number;
  readonly value: unknown;
}

const noBytes = new Uint8Array(0);

/**
 * Adds the column to the parts. Values by type: boolean; number or bigint (integers, floats); string (utf8); Uint8Array
 * (binary); arrays (lists); objects by member name (structs); arrays of [key, value] (maps); UnionValue; null or undefined.
 */
export function addColumn(parts: BatchParts, field: ArrowField, values: readonly unknown[]): void {
  const { type } = field;
  if (type.id === 'union') return addUnion(parts, field, values);
  const nulls = values.reduce<number>((count, value) => (value === null || value === undefined ? count + 1 : count), 0);
  if (nulls > 0 && !field.nullable)
    throw new DuckhouseError('Internal', `column "${field.name}" takes no nulls and has ${nulls}`);
  parts.nodes.push({ length: values.length, nullCount: type.id === 'null' ? values.length : nulls });
  if (type.id === 'null') return;
  parts.buffers.push(nulls === 0 ? noBytes : bits(values, (value) => value !== null && value !== undefined));
  addValues(parts, field, values);
}

function addValues(parts: BatchParts, field: ArrowField, values: readonly unknown[]): void {
  const { type } = field;
  switch (type.id) {
    case 'bool':
      parts.buffers.push(bits(values, (value) => value === true));
      return;
    case 'int':
    case 'floatingPoint':
      parts.buffers.push(numbers(type, values));
      return;
    case 'utf8':
      return addBytes(parts, values, (value) => Buffer.from(value as string, 'utf8'));
    case 'binary':
      return addBytes(parts, values, (value) => value as Uint8Array);
    case 'list':
      return addList(parts, field, values as readonly (readonly unknown[] | null)[]);
    case 'map':
      return addMap(parts, field, values as readonly (readonly (readonly [unknown, unknown])[] | null)[]);
    case 'struct':
      for (const child of field.children)
        addColumn(
          parts,
          child,
          values.map((value) => (value as Readonly<Record<string, unknown>> | null)?.[child.name] ?? null),
        );
      return;
    default:
      throw new DuckhouseError('Unsupported', `column "${field.name}": batches of type ${type.id} are not built`);
  }
}

function bits(values: readonly unknown[], test: (value: unknown) => boolean): Uint8Array {
  const bytes = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, row) => {
    if (test(value)) bytes[row >> 3] = (bytes[row >> 3] as number) | (1 << (row & 7));
  });
  return bytes;
}

function numbers(type: Extract<ArrowType, { id: 'int' | 'floatingPoint' }>, values: readonly unknown[]): Uint8Array {
  const width = fixedWidth(type);
  const view = new DataView(new ArrayBuffer(values.length * width));
  values.forEach((value, row) => {
    if (value === null || value === undefined) return;
    const at = row * width;
    if (type.id === 'floatingPoint') {
      if (width === 8) view.setFloat64(at, Number(value), true);
      else view.setFloat32(at, Number(value), true);
    } else if (width === 8) view.setBigInt64(at, BigInt(value as number | bigint), true);
    else if (width === 4) view.setInt32(at, Number(value), true);
    else if (width === 2) view.setInt16(at, Number(value), true);
    else view.setInt8(at, Number(value));
  });
  return new Uint8Array(view.buffer);
}

/** Where each value starts, and the end of the last. */
function offsets(lengths: readonly number[]): Uint8Array {
  const starts = new Int32Array(lengths.length + 1);
  let end = 0;
  lengths.forEach((length, i) => {
    end += length;
    if (end > 2 ** 31 - 1) throw new DuckhouseError('ResourceExhausted', 'a column of more than 2 GiB in one batch');
    starts[i + 1] = end;
  });
  return new Uint8Array(starts.buffer);
}

function addBytes(parts: BatchParts, values: readonly unknown[], bytesOf: (value: unknown) => Uint8Array): void {
  const pieces = values.map((value) => (value === null || value === undefined ? noBytes : bytesOf(value)));
  parts.buffers.push(offsets(pieces.map((piece) => piece.byteLength)), Buffer.concat(pieces));
}

function addList(parts: BatchParts, field: ArrowField, values: readonly (readonly unknown[] | null)[]): void {
  parts.buffers.push(offsets(values.map((value) => value?.length ?? 0)));
  addColumn(
    parts,
    field.children[0] as ArrowField,
    values.flatMap((value) => value ?? []),
  );
}

function addMap(
  parts: BatchParts,
  field: ArrowField,
  values: readonly (readonly (readonly [unknown, unknown])[] | null)[],
): void {
  const entries = field.children[0] as ArrowField;
  const [key, value] = entries.children as readonly [ArrowField, ArrowField];
  const pairs = values.flatMap((pair) => pair ?? []);
  parts.buffers.push(offsets(values.map((pair) => pair?.length ?? 0)));
  addColumn(
    parts,
    entries,
    pairs.map(([k, v]) => ({ [key.name]: k, [value.name]: v })),
  );
}

/** Dense: type ids, the place of each value in its member, then the members. Unions have no nulls of their own. */
function addUnion(parts: BatchParts, field: ArrowField, values: readonly unknown[]): void {
  const { type } = field;
  if (type.id !== 'union' || type.mode !== 'dense')
    throw new DuckhouseError('Unsupported', `column "${field.name}": sparse unions are not built`);
  const members = new Map<number, unknown[]>(type.typeIds.map((id) => [id, []]));
  const places = new Int32Array(values.length);
  const typeIds = Int8Array.from(values as readonly UnionValue[], ({ typeId, value }, row) => {
    const member = members.get(typeId);
    if (member === undefined)
      throw new DuckhouseError('Internal', `column "${field.name}" has no union member ${typeId}`);
    places[row] = member.push(value) - 1;
    return typeId;
  });
  parts.nodes.push({ length: values.length, nullCount: 0 });
  parts.buffers.push(new Uint8Array(typeIds.buffer), new Uint8Array(places.buffer));
  type.typeIds.forEach((id, i) => addColumn(parts, field.children[i] as ArrowField, members.get(id) as unknown[]));
}
