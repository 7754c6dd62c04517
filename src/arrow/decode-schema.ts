import { DuckhouseError } from '../errors.ts';
import {
  floatWidths,
  intervalUnits,
  messageHeaders,
  metadataV4,
  metadataV5,
  timeUnits,
  typeCodes,
} from './constants.ts';
import {
  type FlatTable,
  type FlatVector,
  readBigInt64,
  readInt8,
  readInt16,
  readInt32,
  readLength,
  readString,
  readTable,
  readTables,
  readVector,
  rootTable,
} from './flatbuffer.ts';
import type { ArrowField, ArrowSchema, ArrowType, DictionaryEncoding, IntBitWidth } from './types.ts';

const maxDepth = 64;
const maxFields = 100_000;

const invalid = (message: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', message, { id: 'arrow-malformed', context: { what: message } });
const unsupported = (message: string): DuckhouseError => new DuckhouseError('Unsupported', message);

export interface MessageHeader {
  readonly kind: 'schema' | 'recordBatch' | 'dictionaryBatch';
  readonly bodyLength: number;
  /** Rows of a record batch or of a dictionary; 0 for a schema. */
  readonly rows: number;
  /** 4 or 5. */
  readonly metadataVersion: number;
}

export interface OpenMessage extends MessageHeader {
  readonly header: FlatTable;
}

/** The message's header table, version and kind checked. */
export function openMessage(metadata: Uint8Array): OpenMessage {
  const message = rootTable(metadata);
  const version = readInt16(message, 0, 0);
  if (version !== metadataV5 && version !== metadataV4)
    throw unsupported(`Arrow metadata version V${version + 1} is not supported, only V4 and V5`);
  const type = readInt8(message, 1, 0);
  const header = readTable(message, 2);
  if (header === undefined) throw invalid('Arrow message without a header');
  const bodyLength = readLength(message, 3, 'body length');
  return { ...describeHeader(type, header), bodyLength, metadataVersion: version + 1, header };
}

function describeHeader(type: number, header: FlatTable): Pick<MessageHeader, 'kind' | 'rows'> {
  if (type === messageHeaders.schema) return { kind: 'schema', rows: 0 };
  if (type === messageHeaders.recordBatch) return { kind: 'recordBatch', rows: readLength(header, 0, 'batch length') };
  if (type === messageHeaders.dictionaryBatch) {
    const batch = readTable(header, 1);
    return { kind: 'dictionaryBatch', rows: batch === undefined ? 0 : readLength(batch, 0, 'dictionary length') };
  }
  throw unsupported(`Arrow message type ${type} is not supported`);
}

/** What a message is, from its bare flatbuffer. DataInvalid when malformed. */
export function readMessageHeader(metadata: Uint8Array): MessageHeader {
  const { kind, bodyLength, rows, metadataVersion } = openMessage(metadata);
  return { kind, bodyLength, rows, metadataVersion };
}

/** The schema of a bare flatbuffer Schema message. DataInvalid when malformed, Unsupported for big-endian data. */
export function decodeSchema(metadata: Uint8Array): ArrowSchema {
  const { kind, header } = openMessage(metadata);
  if (kind !== 'schema') throw invalid(`expected an Arrow schema message, got a ${kind}`);
  if (readInt16(header, 0, 0) !== 0) throw unsupported('big-endian Arrow data is not supported');
  const budget = { fields: maxFields };
  return { fields: readTables(header, 1).map((table) => decodeField(table, 1, budget)), ...decodeMetadata(header, 2) };
}

function decodeField(table: FlatTable, depth: number, budget: { fields: number }): ArrowField {
  if (depth > maxDepth) throw invalid(`Arrow types nested deeper than ${maxDepth}`);
  if (--budget.fields < 0) throw invalid(`an Arrow schema with more than ${maxFields} fields`);
  const name = readString(table, 0) ?? '';
  const children = readTables(table, 5).map((child) => decodeField(child, depth + 1, budget));
  const type = decodeType(readInt8(table, 2, 0), readTable(table, 3), name);
  checkChildren(type, children, name);
  const dictionary = readTable(table, 4);
  return {
    name,
    type,
    nullable: readInt8(table, 1, 0) !== 0,
    children,
    ...decodeMetadata(table, 6),
    ...(dictionary === undefined ? {} : { dictionary: decodeDictionary(dictionary, name) }),
  };
}

function decodeMetadata(table: FlatTable, slot: number): { metadata?: ReadonlyMap<string, string> } {
  const pairs = readTables(table, slot);
  if (pairs.length === 0) return {};
  return { metadata: new Map(pairs.map((pair) => [readString(pair, 0) ?? '', readString(pair, 1) ?? ''])) };
}

function decodeDictionary(table: FlatTable, name: string): DictionaryEncoding {
  const index = readTable(table, 1);
  const indexType: ArrowType =
    index === undefined ? { id: 'int', bitWidth: 32, signed: true } : decodeType(typeCodes.int, index, name);
  if (indexType.id !== 'int') throw invalid(`dictionary index of field "${name}" is not an integer`);
  return { id: readBigInt64(table, 0, 0n), indexType, isOrdered: readInt8(table, 2, 0) !== 0 };
}

const childCounts: Partial<Record<ArrowType['id'], number>> = {
  list: 1,
  largeList: 1,
  listView: 1,
  largeListView: 1,
  fixedSizeList: 1,
  map: 1,
  runEndEncoded: 2,
};

function checkChildren(type: ArrowType, children: readonly ArrowField[], name: string): void {
  const expected =
    type.id === 'union' ? type.typeIds.length : type.id === 'struct' ? children.length : (childCounts[type.id] ?? 0);
  if (children.length !== expected)
    throw invalid(`field "${name}" of type ${type.id} has ${children.length} children, not ${expected}`);
  const entries = children[0];
  if (type.id === 'map' && (entries?.type.id !== 'struct' || entries.children.length !== 2))
    throw invalid(`map field "${name}" has no entries of key and value`);
  if (type.id === 'runEndEncoded' && children[0]?.type.id !== 'int')
    throw invalid(`run ends of field "${name}" are no integers`);
}

const typeNames = new Map<number, ArrowType['id']>(
  Object.entries(typeCodes).map(([id, code]) => [code, id as ArrowType['id']]),
);

function decodeType(code: number, table: FlatTable | undefined, name: string): ArrowType {
  const id = typeNames.get(code);
  if (id === undefined) throw unsupported(`field "${name}" has the unknown Arrow type ${code}`);
  if (table === undefined) throw invalid(`field "${name}" has no type`);
  const pick = <T>(values: readonly T[], index: number): T => {
    const value = values[index];
    if (value === undefined) throw invalid(`field "${name}" of type ${id} has an unknown unit ${index}`);
    return value;
  };
  const positive = (value: number, what: string): number => {
    if (value < 0) throw invalid(`field "${name}" has a ${what} of ${value}`);
    return value;
  };
  switch (id) {
    case 'int':
      return { id, bitWidth: intWidth(readInt32(table, 0, 0), name), signed: readInt8(table, 1, 0) !== 0 };
    case 'floatingPoint':
      return { id, bitWidth: pick(floatWidths, readInt16(table, 0, 0)) };
    case 'decimal':
      return decimalType(table, name);
    case 'fixedSizeBinary':
      return { id, byteWidth: positive(readInt32(table, 0, 0), 'byte width') };
    case 'date':
      return { id, unit: pick(['day', 'millisecond'] as const, readInt16(table, 0, 1)) };
    case 'time':
      return { id, unit: pick(timeUnits, readInt16(table, 0, 1)), bitWidth: readInt32(table, 1, 32) === 32 ? 32 : 64 };
    case 'timestamp': {
      const timezone = readString(table, 1);
      return { id, unit: pick(timeUnits, readInt16(table, 0, 0)), ...(timezone === undefined ? {} : { timezone }) };
    }
    case 'duration':
      return { id, unit: pick(timeUnits, readInt16(table, 0, 1)) };
    case 'interval':
      return { id, unit: pick(intervalUnits, readInt16(table, 0, 0)) };
    case 'fixedSizeList':
      return { id, listSize: positive(readInt32(table, 0, 0), 'list size') };
    case 'map':
      return { id, keysSorted: readInt8(table, 0, 0) !== 0 };
    case 'union':
      return {
        id,
        mode: pick(['sparse', 'dense'] as const, readInt16(table, 0, 0)),
        typeIds: int32s(readVector(table, 1, 4)),
      };
    default:
      return { id };
  }
}

function decimalType(table: FlatTable, name: string): ArrowType {
  const [precision, scale, bitWidth] = [readInt32(table, 0, 0), readInt32(table, 1, 0), readInt32(table, 2, 128)];
  if (bitWidth !== 32 && bitWidth !== 64 && bitWidth !== 128 && bitWidth !== 256)
    throw invalid(`decimal field "${name}" has ${bitWidth} bits`);
  if (precision < 1 || precision > 76) throw invalid(`decimal field "${name}" has precision ${precision}`);
  return { id: 'decimal', precision, scale, bitWidth };
}

function intWidth(bits: number, name: string): IntBitWidth {
  if (bits === 8 || bits === 16 || bits === 32 || bits === 64) return bits;
  throw invalid(`integer field "${name}" has ${bits} bits`);
}

const int32s = ({ view, start, length }: FlatVector): number[] =>
  Array.from({ length }, (_, i) => view.getInt32(start + 4 * i, true));
