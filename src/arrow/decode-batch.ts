import { DuckhouseError } from '../errors.ts';
import { fixedWidth, offsetReader, viewReader } from './column-access.ts';
import { type Codec, codecOf, decompressBuffer } from './compression.ts';
import { openMessage } from './decode-schema.ts';
import { appendDictionary } from './dictionary.ts';
import {
  type FlatTable,
  type FlatVector,
  readBigInt64,
  readInt8,
  readTable,
  readVector,
  toLength,
} from './flatbuffer.ts';
import type { ArrowColumn, ArrowField, ArrowSchema, ArrowType, IpcMessage, RecordBatch } from './types.ts';
import {
  checkIndices,
  checkOffsets,
  checkUtf8,
  columnError,
  countNulls,
  int32View,
  integerReader,
  isValidAt,
} from './validate.ts';

export interface BatchDecoder {
  /** The batch, checked so that no value lies outside the body; undefined for a dictionary batch, which is kept. */
  decode(message: IpcMessage): RecordBatch | undefined;
}

/** Rows of one batch at most: a column of nulls needs no bytes, so the bytes bound nothing. */
const maxRows = 2 ** 31 - 1;

const invalid = (message: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', message, { id: 'arrow-malformed', context: { what: message } });

/** Decodes the record and dictionary batches of one stream, in order. */
export function createBatchDecoder(schema: ArrowSchema): BatchDecoder {
  const dictionaries = new Map<bigint, ArrowColumn>();
  const dictionaryFields = new Map(
    schema.fields.flatMap(fieldsWithDictionary).map((field) => [field.dictionary?.id as bigint, valueField(field)]),
  );
  const decodeDictionary = ({ header, metadataVersion }: ReturnType<typeof openMessage>, body: Uint8Array): void => {
    const id = readBigInt64(header, 0, 0n);
    const field = dictionaryFields.get(id);
    const data = readTable(header, 1);
    if (field === undefined || data === undefined) throw invalid(`a dictionary batch for the unknown dictionary ${id}`);
    const cursor = openCursor({ data, body, metadataVersion, dictionaries });
    const column = readColumn(cursor, field);
    checkAllRead(cursor);
    const present = readInt8(header, 2, 0) === 0 ? undefined : dictionaries.get(id);
    dictionaries.set(id, present === undefined ? column : appendDictionary(present, column));
  };
  return {
    decode({ metadata, body }) {
      const message = openMessage(metadata);
      if (message.bodyLength > body.byteLength)
        throw invalid(`an Arrow body of ${body.byteLength} bytes where ${message.bodyLength} are declared`);
      if (message.kind === 'schema') throw invalid('a second schema in an Arrow stream');
      if (message.kind === 'dictionaryBatch') {
        decodeDictionary(message, body);
        return undefined;
      }
      if (message.rows > maxRows) throw invalid(`an Arrow batch of ${message.rows} rows`);
      const cursor = openCursor({ data: message.header, body, metadataVersion: message.metadataVersion, dictionaries });
      const columns = schema.fields.map((field) => readColumn(cursor, field));
      checkAllRead(cursor);
      for (const column of columns) {
        if (column.length !== message.rows)
          throw columnError(column.field, `${column.length} rows in a batch of ${message.rows}`);
      }
      return { schema, length: message.rows, columns };
    },
  };
}

const fieldsWithDictionary = (field: ArrowField): ArrowField[] => [
  ...(field.dictionary === undefined ? [] : [field]),
  ...field.children.flatMap(fieldsWithDictionary),
];

function valueField({ name, type, children }: ArrowField): ArrowField {
  return { name, type, nullable: true, children };
}

/** Where the reading of a batch's nodes and buffers stands. */
interface Cursor {
  readonly body: Uint8Array;
  readonly nodes: FlatVector;
  readonly buffers: FlatVector;
  readonly variadicCounts: FlatVector;
  readonly codec: Codec | undefined;
  readonly metadataVersion: number;
  readonly dictionaries: ReadonlyMap<bigint, ArrowColumn>;
  node: number;
  buffer: number;
  variadic: number;
}

type CursorSource = Pick<Cursor, 'body' | 'metadataVersion' | 'dictionaries'> & { readonly data: FlatTable };

function openCursor({ data, ...rest }: CursorSource): Cursor {
  const compression = readTable(data, 3);
  return {
    ...rest,
    nodes: readVector(data, 1, 16),
    buffers: readVector(data, 2, 16),
    variadicCounts: readVector(data, 4, 8),
    codec: compression === undefined ? undefined : codecOf(readInt8(compression, 0, 0)),
    node: 0,
    buffer: 0,
    variadic: 0,
  };
}

function checkAllRead(cursor: Cursor): void {
  if (cursor.node !== cursor.nodes.length)
    throw invalid(`${cursor.nodes.length} field nodes where the schema has ${cursor.node}`);
  if (cursor.buffer !== cursor.buffers.length)
    throw invalid(`${cursor.buffers.length} buffers where the schema has ${cursor.buffer}`);
}

function takeNode(cursor: Cursor, field: ArrowField): { readonly length: number; readonly nullCount: number } {
  if (cursor.node >= cursor.nodes.length) throw columnError(field, 'has no field node');
  const { view, start } = cursor.nodes;
  const at = start + 16 * cursor.node++;
  const length = toLength(view.getBigInt64(at, true), `length of column "${field.name}"`);
  const nulls = view.getBigInt64(at + 8, true);
  if (length > maxRows) throw columnError(field, `${length} rows`);
  if (nulls < -1n || nulls > BigInt(length)) throw columnError(field, `${nulls} nulls in ${length} rows`);
  return { length, nullCount: Number(nulls) };
}

/** The next buffer: inside the body, inflated, and at an address that typed arrays can read. */
function takeBuffer(cursor: Cursor, field: ArrowField): Uint8Array {
  if (cursor.buffer >= cursor.buffers.length) throw columnError(field, 'has no buffer');
  const { view, start } = cursor.buffers;
  const at = start + 16 * cursor.buffer++;
  const offset = toLength(view.getBigInt64(at, true), `buffer offset of column "${field.name}"`);
  const length = toLength(view.getBigInt64(at + 8, true), `buffer length of column "${field.name}"`);
  if (length === 0) return noBytes;
  if (offset + length > cursor.body.byteLength) {
    throw columnError(
      field,
      `a buffer of ${length} bytes at ${offset} is outside the body of ${cursor.body.byteLength}`,
    );
  }
  const raw = cursor.body.subarray(offset, offset + length);
  return aligned(cursor.codec === undefined ? raw : decompressBuffer(raw, cursor.codec));
}

const noBytes = new Uint8Array(new ArrayBuffer(8), 0, 0);

function aligned(bytes: Uint8Array): Uint8Array {
  if ((bytes.byteOffset & 7) === 0) return bytes;
  const copy = new Uint8Array(new ArrayBuffer(bytes.byteLength));
  copy.set(bytes);
  return copy;
}

function sized(cursor: Cursor, field: ArrowField, need: { readonly bytes: number; readonly what: string }): Uint8Array {
  const buffer = takeBuffer(cursor, field);
  if (buffer.byteLength < need.bytes)
    throw columnError(field, `${need.what} of ${buffer.byteLength} bytes, ${need.bytes} are needed`);
  return buffer;
}

interface Node {
  readonly length: number;
  readonly nullCount: number;
  readonly validity: Uint8Array | undefined;
}

function takeValidity(
  cursor: Cursor,
  field: ArrowField,
  { length, nullCount }: { readonly length: number; readonly nullCount: number },
): Node {
  const buffer = takeBuffer(cursor, field);
  if (buffer.byteLength === 0 || nullCount === 0) {
    if (nullCount > 0) throw columnError(field, `${nullCount} nulls and no validity bitmap`);
    return { length, nullCount: 0, validity: undefined };
  }
  if (buffer.byteLength < (length + 7) >> 3)
    throw columnError(field, `a validity bitmap of ${buffer.byteLength} bytes for ${length} rows`);
  return { length, nullCount: nullCount < 0 ? countNulls(buffer, length) : nullCount, validity: buffer };
}

const emptyColumn = {
  validity: undefined,
  offsets: undefined,
  sizes: undefined,
  data: undefined,
  typeIds: undefined,
  variadic: [],
  children: [],
  dictionary: undefined,
} as const;

function readColumn(cursor: Cursor, field: ArrowField): ArrowColumn {
  const counts = takeNode(cursor, field);
  const { type } = field;
  if (field.dictionary !== undefined) return readDictionaryColumn(cursor, field, counts);
  if (type.id === 'null') return { ...emptyColumn, field, length: counts.length, nullCount: counts.length };
  if (type.id === 'union') return readUnion(cursor, { ...field, type }, counts);
  if (type.id === 'runEndEncoded') return readRunEndEncoded(cursor, field, counts);
  const node = takeValidity(cursor, field, counts);
  const base = { ...emptyColumn, ...node, field };
  switch (type.id) {
    case 'bool':
      return { ...base, data: sized(cursor, field, { bytes: (node.length + 7) >> 3, what: 'values' }) };
    case 'utf8':
    case 'binary':
      return { ...base, ...readVarying(cursor, field, node, false) };
    case 'largeUtf8':
    case 'largeBinary':
      return { ...base, ...readVarying(cursor, field, node, true) };
    case 'utf8View':
    case 'binaryView':
      return { ...base, ...readViews(cursor, field, node) };
    case 'list':
    case 'map':
      return { ...base, ...readList(cursor, field, node, false) };
    case 'largeList':
      return { ...base, ...readList(cursor, field, node, true) };
    case 'listView':
      return { ...base, ...readListView(cursor, field, node, false) };
    case 'largeListView':
      return { ...base, ...readListView(cursor, field, node, true) };
    case 'fixedSizeList':
      return { ...base, children: [childOf(cursor, field, { index: 0, length: node.length * type.listSize })] };
    case 'struct':
      return {
        ...base,
        children: field.children.map((_, index) => childOf(cursor, field, { index, length: node.length })),
      };
    default:
      return { ...base, data: sized(cursor, field, { bytes: node.length * fixedWidth(type), what: 'values' }) };
  }
}

/** A child of at least `length` rows. */
function childOf(
  cursor: Cursor,
  field: ArrowField,
  { index, length }: { readonly index: number; readonly length: number },
): ArrowColumn {
  const child = readColumn(cursor, field.children[index] as ArrowField);
  if (child.length < length)
    throw columnError(field, `its child "${child.field.name}" has ${child.length} rows, ${length} are needed`);
  return child;
}

const noOffsets = new Uint8Array(new ArrayBuffer(8));

/** An empty column may leave its offsets out. */
function takeOffsets(cursor: Cursor, field: ArrowField, length: number, large: boolean): Uint8Array {
  const width = large ? 8 : 4;
  const offsets = takeBuffer(cursor, field);
  if (length === 0 && offsets.byteLength < width) return noOffsets;
  if (offsets.byteLength < (length + 1) * width)
    throw columnError(field, `${offsets.byteLength} bytes of offsets for ${length} rows`);
  return offsets;
}

function readVarying(
  cursor: Cursor,
  field: ArrowField,
  node: Node,
  large: boolean,
): Pick<ArrowColumn, 'offsets' | 'data'> {
  const { length } = node;
  const offsets = takeOffsets(cursor, field, length, large);
  const data = takeBuffer(cursor, field);
  checkOffsets(field, offsets, { length, limit: data.byteLength, large });
  if (field.type.id === 'utf8' || field.type.id === 'largeUtf8') {
    checkUtf8(field, { data, offsetAt: offsetReader(offsets, length, large), length, column: node });
  }
  return { offsets, data };
}

function readList(
  cursor: Cursor,
  field: ArrowField,
  { length }: Node,
  large: boolean,
): Pick<ArrowColumn, 'offsets' | 'children'> {
  const offsets = takeOffsets(cursor, field, length, large);
  const child = childOf(cursor, field, { index: 0, length: 0 });
  checkOffsets(field, offsets, { length, limit: child.length, large });
  return { offsets, children: [child] };
}

function readListView(
  cursor: Cursor,
  field: ArrowField,
  node: Node,
  large: boolean,
): Pick<ArrowColumn, 'offsets' | 'sizes' | 'children'> {
  const width = large ? 8 : 4;
  const { length } = node;
  const offsets = sized(cursor, field, { bytes: length * width, what: 'offsets' });
  const sizes = sized(cursor, field, { bytes: length * width, what: 'sizes' });
  const child = childOf(cursor, field, { index: 0, length: 0 });
  const integer = { bitWidth: width * 8, signed: true };
  const offsetAt = integerReader(offsets, integer);
  const sizeAt = integerReader(sizes, integer);
  for (let row = 0; row < length; row++) {
    const [offset, size] = [offsetAt(row), sizeAt(row)];
    if (offset < 0 || size < 0 || offset + size > child.length)
      throw columnError(field, `row ${row} lists ${size} items at ${offset} of ${child.length}`);
  }
  return { offsets, sizes, children: [child] };
}

function takeVariadic(cursor: Cursor, field: ArrowField): Uint8Array[] {
  if (cursor.variadic >= cursor.variadicCounts.length) throw columnError(field, 'has no count of data buffers');
  const { view, start } = cursor.variadicCounts;
  const count = toLength(
    view.getBigInt64(start + 8 * cursor.variadic++, true),
    `data buffers of column "${field.name}"`,
  );
  if (count > cursor.buffers.length) throw columnError(field, `${count} data buffers`);
  return Array.from({ length: count }, () => takeBuffer(cursor, field));
}

/** Views are 16 bytes: a length, then the value itself (up to 12 bytes) or a prefix, a buffer index and an offset. */
function readViews(cursor: Cursor, field: ArrowField, node: Node): Pick<ArrowColumn, 'data' | 'variadic'> {
  const data = sized(cursor, field, { bytes: node.length * 16, what: 'views' });
  const variadic = takeVariadic(cursor, field);
  const viewAt = viewReader(data, variadic);
  for (let row = 0; row < node.length; row++) {
    if (!isValidAt(node, row)) continue;
    const value = viewAt(row);
    if (value === undefined) throw columnError(field, `row ${row} points outside its data buffers`);
    if (field.type.id === 'utf8View')
      checkUtf8(field, { data: value, offsetAt: (i) => i * value.length, length: 1, column: { validity: undefined } });
  }
  return { data, variadic };
}

function readDictionaryColumn(
  cursor: Cursor,
  field: ArrowField,
  counts: { readonly length: number; readonly nullCount: number },
): ArrowColumn {
  const { id, indexType } = field.dictionary as NonNullable<ArrowField['dictionary']>;
  const node = takeValidity(cursor, field, counts);
  const data = sized(cursor, field, { bytes: (node.length * indexType.bitWidth) / 8, what: 'indices' });
  const dictionary = cursor.dictionaries.get(id);
  if (dictionary === undefined && node.length > node.nullCount)
    throw columnError(field, `dictionary ${id} was never sent`);
  checkIndices(field, node, {
    at: integerReader(data, indexType),
    length: node.length,
    limit: dictionary?.length ?? 0,
  });
  return { ...emptyColumn, ...node, field, data, dictionary };
}

type UnionField = ArrowField & { readonly type: Extract<ArrowType, { id: 'union' }> };

type Counts = { readonly length: number; readonly nullCount: number };

function readUnion(cursor: Cursor, field: UnionField, counts: Counts): ArrowColumn {
  const { length } = counts;
  if (cursor.metadataVersion < 5 && takeValidity(cursor, field, counts).nullCount > 0)
    throw columnError(field, 'nulls of its own, as of before Arrow 1.0, which no value could stand for');
  const dense = field.type.mode === 'dense';
  const typeIds = sized(cursor, field, { bytes: length, what: 'type ids' });
  const offsets = dense ? sized(cursor, field, { bytes: length * 4, what: 'offsets' }) : undefined;
  const children = field.children.map((_, index) => childOf(cursor, field, { index, length: dense ? 0 : length }));
  const members = new Map(field.type.typeIds.map((id, i) => [id, children[i] as ArrowColumn]));
  const positions = offsets === undefined ? undefined : int32View(offsets, length);
  for (let row = 0; row < length; row++) {
    const member = members.get(typeIds[row] as number);
    if (member === undefined) throw columnError(field, `row ${row} has the unknown type id ${typeIds[row]}`);
    const position = positions === undefined ? row : (positions[row] as number);
    if (position < 0 || position >= member.length)
      throw columnError(field, `row ${row} points at ${position} of ${member.length}`);
  }
  return { ...emptyColumn, field, length, nullCount: 0, typeIds, offsets, children };
}

function readRunEndEncoded(cursor: Cursor, field: ArrowField, { length }: { readonly length: number }): ArrowColumn {
  const runEnds = childOf(cursor, field, { index: 0, length: 0 });
  const values = childOf(cursor, field, { index: 1, length: runEnds.length });
  const at = integerReader(runEnds.data as Uint8Array, runEnds.field.type as Extract<ArrowType, { id: 'int' }>);
  let previous = 0;
  for (let run = 0; run < runEnds.length; run++) {
    if (at(run) <= previous) throw columnError(field, `run end ${run} does not rise`);
    previous = at(run);
  }
  if (previous < length) throw columnError(field, `its runs end at ${previous} of ${length} rows`);
  return { ...emptyColumn, field, length, nullCount: 0, children: [runEnds, values] };
}
