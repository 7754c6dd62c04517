import type { ArrowColumn, ArrowField, ArrowSchema, ArrowType, RecordBatch, TimeUnit } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { arrayStructSize, schemaStructSize } from './c-data.ts';
import { type Address, addressOf, allocateBlock, type Block, nativeNoop, writePointer } from './memory.ts';

/** Structures of the Arrow C data interface over JavaScript's memory: `block` (and `keep`) must live while DuckDB reads. */
export interface NativeStruct {
  readonly address: Address;
  readonly block: Block;
  readonly keep: readonly unknown[];
}

const unitLetters: Readonly<Record<TimeUnit, string>> = {
  second: 's',
  millisecond: 'm',
  microsecond: 'u',
  nanosecond: 'n',
};
const intLetters: Readonly<Record<number, string>> = { 8: 'cC', 16: 'sS', 32: 'iI', 64: 'lL' };

/** The format string of a type. Unsupported for types that DuckDB cannot read. */
export function formatOf(field: ArrowField, type: ArrowType = field.type): string {
  switch (type.id) {
    case 'int':
      return (intLetters[type.bitWidth] as string)[type.signed ? 0 : 1] as string;
    case 'floatingPoint':
      return type.bitWidth === 16 ? refuse(field, 'halffloat', 'float32') : type.bitWidth === 32 ? 'f' : 'g';
    case 'decimal':
      if (type.bitWidth === 256 || type.precision > 38) return refuse(field, 'decimal256', 'decimal128');
      return `d:${type.precision},${type.scale},${type.bitWidth}`;
    case 'fixedSizeBinary':
      return `w:${type.byteWidth}`;
    case 'date':
      return type.unit === 'day' ? 'tdD' : 'tdm';
    case 'time':
      return `tt${unitLetters[type.unit]}`;
    case 'timestamp':
      return `ts${unitLetters[type.unit]}:${type.timezone ?? ''}`;
    case 'duration':
      return `tD${unitLetters[type.unit]}`;
    case 'interval':
      return { yearMonth: 'tiM', dayTime: 'tiD', monthDayNano: 'tin' }[type.unit];
    case 'fixedSizeList':
      return `+w:${type.listSize}`;
    case 'union':
      return type.mode === 'dense' ? refuse(field, 'dense_union', 'sparse_union') : `+us:${type.typeIds.join(',')}`;
    default:
      return plainFormats[type.id];
  }
}

const plainFormats: Readonly<
  Record<
    Exclude<
      ArrowType['id'],
      | 'int'
      | 'floatingPoint'
      | 'decimal'
      | 'fixedSizeBinary'
      | 'date'
      | 'time'
      | 'timestamp'
      | 'duration'
      | 'interval'
      | 'fixedSizeList'
      | 'union'
    >,
    string
  >
> = {
  null: 'n',
  bool: 'b',
  utf8: 'u',
  largeUtf8: 'U',
  utf8View: 'vu',
  binary: 'z',
  largeBinary: 'Z',
  binaryView: 'vz',
  list: '+l',
  largeList: '+L',
  listView: '+vl',
  largeListView: '+vL',
  struct: '+s',
  map: '+m',
  runEndEncoded: '+r',
};

function refuse(field: ArrowField, type: string, instead: string): never {
  throw new DuckhouseError(
    'Unsupported',
    `column "${field.name}" has the Arrow type ${type}, which DuckDB cannot read`,
    {
      context: { column: field.name, type },
      hint: `cast it to ${instead} before sending`,
    },
  );
}

interface Arena {
  readonly block: Block;
  used: number;
  readonly keep: unknown[];
}

function take(arena: Arena, bytes: number): number {
  const offset = arena.used;
  arena.used += (bytes + 7) & ~7;
  return offset;
}

/** The schema as one ArrowSchema struct with its children. */
export function buildSchema(schema: ArrowSchema): NativeStruct {
  const root: ArrowField = { name: '', type: { id: 'struct' }, nullable: false, children: schema.fields };
  const arena: Arena = { block: allocateBlock(schemaBytes(root)), used: 0, keep: [] };
  const at = take(arena, schemaStructSize);
  writeSchema(arena, root, at);
  return { address: arena.block.address + at, block: arena.block, keep: arena.keep };
}

const allChildren = (field: ArrowField): number =>
  field.children.reduce((sum, child) => sum + 1 + allChildren(child), 0);
const schemaBytes = (root: ArrowField): number => (1 + allChildren(root)) * (2 * schemaStructSize + 16) + 64;

function writeSchema(arena: Arena, field: ArrowField, at: number): void {
  const { dictionary } = field;
  const children = dictionary === undefined ? field.children : [];
  const flags =
    (field.nullable ? 2 : 0) |
    (dictionary?.isOrdered ? 1 : 0) |
    (field.type.id === 'map' && field.type.keysSorted ? 4 : 0);
  const pointer = (slot: number, value: Address): void => writePointer(arena.block, at + slot, value);
  pointer(0, cString(arena, formatOf(field, dictionary?.indexType ?? field.type)));
  pointer(8, cString(arena, field.name));
  pointer(16, metadataBytes(arena, field.metadata));
  pointer(24, flags);
  pointer(32, children.length);
  pointer(
    40,
    children.length === 0
      ? 0
      : writeChildren(arena, children.length, schemaStructSize, (i, child) =>
          writeSchema(arena, children[i] as ArrowField, child),
        ),
  );
  pointer(48, dictionary === undefined ? 0 : writeValues(arena, field));
  pointer(56, nativeNoop);
  pointer(64, 0);
}

function writeValues(arena: Arena, { name, type, children }: ArrowField): Address {
  const at = take(arena, schemaStructSize);
  writeSchema(arena, { name, type, children, nullable: true }, at);
  return arena.block.address + at;
}

/** An array of pointers to `count` structs, each written by `write`. */
function writeChildren(arena: Arena, count: number, size: number, write: (index: number, at: number) => void): Address {
  const list = take(arena, count * 8);
  for (let i = 0; i < count; i++) {
    const child = take(arena, size);
    writePointer(arena.block, list + 8 * i, arena.block.address + child);
    write(i, child);
  }
  return arena.block.address + list;
}

function keepBytes(arena: Arena, bytes: Buffer): Address {
  const copy = new Uint8Array(new ArrayBuffer(Math.max(bytes.length, 1)));
  copy.set(bytes);
  arena.keep.push(copy);
  return addressOf(copy);
}

const cString = (arena: Arena, text: string): Address =>
  keepBytes(arena, Buffer.from(`${text.replaceAll('\0', '')}\0`, 'utf8'));

/** int32 count, then for each pair the int32 length and the bytes of key and value. */
function metadataBytes(arena: Arena, metadata: ReadonlyMap<string, string> | undefined): Address {
  if (metadata === undefined || metadata.size === 0) return 0;
  const int32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes;
  };
  const text = (value: string): Buffer => Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value, 'utf8')]);
  return keepBytes(
    arena,
    Buffer.concat([int32(metadata.size), ...[...metadata].flatMap(([key, value]) => [text(key), text(value)])]),
  );
}

/** The batch as one ArrowArray struct with its children; buffers stay where they are. */
export function buildArray(batch: RecordBatch): NativeStruct {
  const arena: Arena = { block: allocateBlock(arrayBytes(batch.columns) + arrayStructSize + 64), used: 0, keep: [] };
  const at = take(arena, arrayStructSize);
  writeStruct(arena, at, {
    length: batch.length,
    nullCount: 0,
    buffers: [0],
    children: batch.columns,
    dictionary: undefined,
  });
  return { address: arena.block.address + at, block: arena.block, keep: [arena.keep, batch] };
}

const arrayBytes = (columns: readonly ArrowColumn[]): number =>
  columns.reduce(
    (sum, column) =>
      sum +
      arrayStructSize +
      8 * (6 + column.variadic.length) +
      arrayBytes([...column.children, ...(column.dictionary ? [column.dictionary] : [])]),
    16,
  );

interface StructParts {
  readonly length: number;
  readonly nullCount: number;
  readonly buffers: readonly Address[];
  readonly children: readonly ArrowColumn[];
  readonly dictionary: ArrowColumn | undefined;
}

function writeStruct(arena: Arena, at: number, parts: StructParts): void {
  const pointer = (slot: number, value: number): void => writePointer(arena.block, at + slot, value);
  const { length, nullCount, buffers, children, dictionary } = parts;
  pointer(0, length);
  pointer(8, nullCount);
  pointer(16, 0);
  pointer(24, buffers.length);
  pointer(32, children.length);
  const list = take(arena, buffers.length * 8);
  buffers.forEach((buffer, i) => writePointer(arena.block, list + 8 * i, buffer));
  pointer(40, arena.block.address + list);
  pointer(
    48,
    children.length === 0
      ? 0
      : writeChildren(arena, children.length, arrayStructSize, (i, child) =>
          writeColumn(arena, children[i] as ArrowColumn, child),
        ),
  );
  pointer(56, dictionary === undefined ? 0 : writeDictionary(arena, dictionary));
  pointer(64, nativeNoop);
  pointer(72, 0);
}

function writeDictionary(arena: Arena, dictionary: ArrowColumn): Address {
  const at = take(arena, arrayStructSize);
  writeColumn(arena, dictionary, at);
  return arena.block.address + at;
}

const writeColumn = (arena: Arena, column: ArrowColumn, at: number): void =>
  writeStruct(arena, at, {
    length: column.length,
    nullCount: column.nullCount,
    buffers: columnBuffers(arena, column),
    children: column.children,
    dictionary: column.dictionary,
  });

const emptyBuffer = new Uint8Array(new ArrayBuffer(64));

/** Buffers in the order of the C data interface; only validity may be null. */
function columnBuffers(arena: Arena, column: ArrowColumn): Address[] {
  const { field, offsets, sizes, data, typeIds, variadic } = column;
  const at = (bytes: Uint8Array | undefined): Address =>
    addressOf(bytes === undefined || bytes.byteLength === 0 ? emptyBuffer : bytes);
  const validity = column.validity === undefined ? 0 : addressOf(column.validity);
  if (field.dictionary !== undefined) return [validity, at(data)];
  switch (field.type.id) {
    case 'null':
    case 'runEndEncoded':
      return [];
    case 'struct':
    case 'fixedSizeList':
      return [validity];
    case 'union':
      return field.type.mode === 'dense' ? [at(typeIds), at(offsets)] : [at(typeIds)];
    case 'utf8':
    case 'largeUtf8':
    case 'binary':
    case 'largeBinary':
      return [validity, at(offsets), at(data)];
    case 'list':
    case 'largeList':
    case 'map':
      return [validity, at(offsets)];
    case 'listView':
    case 'largeListView':
      return [validity, at(offsets), at(sizes)];
    case 'utf8View':
    case 'binaryView': {
      const lengths = new BigInt64Array(new ArrayBuffer(8 * Math.max(variadic.length, 1)));
      variadic.forEach((buffer, i) => (lengths[i] = BigInt(buffer.byteLength)));
      arena.keep.push(lengths);
      return [validity, at(data), ...variadic.map(at), addressOf(new Uint8Array(lengths.buffer))];
    }
    default:
      return [validity, at(data)];
  }
}
