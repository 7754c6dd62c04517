import { Builder } from 'flatbuffers';
import { floatWidths, intervalUnits, messageHeaders, metadataV5, timeUnits, typeCodes } from './constants.ts';
import type { ArrowField, ArrowSchema, ArrowType, DictionaryEncoding } from './types.ts';

/** What is written already, so that parts which several fields have in common are written once: by identity, and by text. */
interface Written {
  readonly parts: Map<object, number>;
  readonly texts: Map<string, number>;
  /** Key-value pairs by the places of both. */
  readonly pairs: Map<number, number>;
}

/** `schema` as a bare flatbuffer Message, padded to 8 bytes. */
export function encodeSchema(schema: ArrowSchema): Uint8Array {
  const builder = takeBuilder();
  const written: Written = { parts: new Map(), texts: new Map(), pairs: new Map() };
  const fields = fieldVector(builder, schema.fields, written);
  const metadata = addMetadata(builder, schema.metadata, written);
  builder.startObject(4);
  builder.addFieldOffset(1, fields, 0);
  if (metadata !== 0) builder.addFieldOffset(2, metadata, 0);
  const header = builder.endObject();
  const message = finishMessage(builder, { headerType: messageHeaders.schema, header, bodyLength: 0n });
  giveBack(builder);
  return message;
}

/** One builder for one schema after the other: those of thousands of tables are made at once. */
let idle: Builder | undefined;
const builderBytes = 1 << 14;
const keptBytes = 1 << 18;

function takeBuilder(): Builder {
  const builder = idle ?? new Builder(builderBytes);
  idle = undefined;
  builder.clear();
  return builder;
}

function giveBack(builder: Builder): void {
  if (builder.dataBuffer().capacity() <= keptBytes) idle = builder;
}

interface MessageParts {
  readonly headerType: number;
  readonly header: number;
  readonly bodyLength: bigint;
}

export function finishMessage(builder: Builder, { headerType, header, bodyLength }: MessageParts): Uint8Array {
  builder.startObject(5);
  builder.addFieldInt64(3, bodyLength, -1n);
  builder.addFieldOffset(2, header, 0);
  builder.addFieldInt16(0, metadataV5, -1);
  builder.addFieldInt8(1, headerType, 0);
  builder.finish(builder.endObject());
  const bytes = builder.asUint8Array();
  const padded = new Uint8Array((bytes.length + 7) & ~7);
  padded.set(bytes);
  return padded;
}

function offsetVector(builder: Builder, offsets: readonly number[]): number {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

const fieldVector = (builder: Builder, fields: readonly ArrowField[], written: Written): number =>
  offsetVector(
    builder,
    fields.map((field) => addField(builder, field, written)),
  );

function addField(builder: Builder, field: ArrowField, written: Written): number {
  const { parts } = written;
  const children = parts.get(field.children) ?? fieldVector(builder, field.children, written);
  parts.set(field.children, children);
  const name = addText(builder, field.name);
  const type = parts.get(field.type) ?? addType(builder, field.type);
  parts.set(field.type, type);
  const dictionary = field.dictionary === undefined ? 0 : addDictionary(builder, field.dictionary);
  const metadata = addMetadata(builder, field.metadata, written);
  builder.startObject(7);
  builder.addFieldOffset(0, name, 0);
  builder.addFieldInt8(1, field.nullable ? 1 : 0, 0);
  builder.addFieldInt8(2, typeCodes[field.type.id], 0);
  builder.addFieldOffset(3, type, 0);
  if (dictionary !== 0) builder.addFieldOffset(4, dictionary, 0);
  builder.addFieldOffset(5, children, 0);
  if (metadata !== 0) builder.addFieldOffset(6, metadata, 0);
  return builder.endObject();
}

/** Quicker than the builder's own encoder, which allocates for each text. */
const addText = (builder: Builder, text: string): number => builder.createString(utf8Of(text));

/** The same few texts come again and again: keys of metadata, types, names of columns. */
const texts = new Map<string, Uint8Array>();
const maxTexts = 4096;
const longestText = 256;

function utf8Of(text: string): Uint8Array {
  const known = texts.get(text);
  if (known !== undefined) return known;
  const bytes = Buffer.from(text, 'utf8');
  if (text.length > longestText) return bytes;
  if (texts.size >= maxTexts) texts.clear();
  texts.set(text, bytes);
  return bytes;
}

function addMetadata(builder: Builder, metadata: ReadonlyMap<string, string> | undefined, written: Written): number {
  if (metadata === undefined || metadata.size === 0) return 0;
  const earlier = written.parts.get(metadata);
  if (earlier !== undefined) return earlier;
  const pairs: number[] = [];
  for (const [key, value] of metadata) pairs.push(addPair(builder, { key, value }, written));
  const vector = offsetVector(builder, pairs);
  written.parts.set(metadata, vector);
  return vector;
}

function addPair(
  builder: Builder,
  { key, value }: { readonly key: string; readonly value: string },
  { texts, pairs }: Written,
): number {
  const keyAt = texts.get(key) ?? addText(builder, key);
  texts.set(key, keyAt);
  const valueAt = texts.get(value) ?? addText(builder, value);
  texts.set(value, valueAt);
  const pair = keyAt * 2 ** 26 + valueAt;
  const earlier = pairs.get(pair);
  if (earlier !== undefined) return earlier;
  builder.startObject(2);
  builder.addFieldOffset(0, keyAt, 0);
  builder.addFieldOffset(1, valueAt, 0);
  const offset = builder.endObject();
  pairs.set(pair, offset);
  return offset;
}

function addDictionary(builder: Builder, { id, indexType, isOrdered }: DictionaryEncoding): number {
  const index = addType(builder, indexType);
  builder.startObject(4);
  builder.addFieldInt64(0, id, 0n);
  builder.addFieldOffset(1, index, 0);
  builder.addFieldInt8(2, isOrdered ? 1 : 0, 0);
  return builder.endObject();
}

type Slot = readonly [slot: number, kind: 'int8' | 'int16' | 'int32' | 'offset', value: number, absent: number];

function addType(builder: Builder, type: ArrowType): number {
  const slots = typeSlots(builder, type);
  builder.startObject(3);
  for (const [slot, kind, value, absent] of slots) {
    if (kind === 'int8') builder.addFieldInt8(slot, value, absent);
    else if (kind === 'int16') builder.addFieldInt16(slot, value, absent);
    else if (kind === 'int32') builder.addFieldInt32(slot, value, absent);
    else if (value !== 0) builder.addFieldOffset(slot, value, 0);
  }
  return builder.endObject();
}

/** The fields of the type's table, with the defaults of Schema.fbs. */
function typeSlots(builder: Builder, type: ArrowType): readonly Slot[] {
  switch (type.id) {
    case 'int':
      return [
        [0, 'int32', type.bitWidth, 0],
        [1, 'int8', type.signed ? 1 : 0, 0],
      ];
    case 'floatingPoint':
      return [[0, 'int16', floatWidths.indexOf(type.bitWidth), 0]];
    case 'decimal':
      return [
        [0, 'int32', type.precision, 0],
        [1, 'int32', type.scale, 0],
        [2, 'int32', type.bitWidth, 128],
      ];
    case 'fixedSizeBinary':
      return [[0, 'int32', type.byteWidth, 0]];
    case 'date':
      return [[0, 'int16', type.unit === 'day' ? 0 : 1, 1]];
    case 'time':
      return [
        [0, 'int16', timeUnits.indexOf(type.unit), 1],
        [1, 'int32', type.bitWidth, 32],
      ];
    case 'timestamp':
      return [
        [0, 'int16', timeUnits.indexOf(type.unit), 0],
        [1, 'offset', type.timezone === undefined ? 0 : builder.createString(type.timezone), 0],
      ];
    case 'duration':
      return [[0, 'int16', timeUnits.indexOf(type.unit), 1]];
    case 'interval':
      return [[0, 'int16', intervalUnits.indexOf(type.unit), 0]];
    case 'fixedSizeList':
      return [[0, 'int32', type.listSize, 0]];
    case 'map':
      return [[0, 'int8', type.keysSorted ? 1 : 0, 0]];
    case 'union':
      return [
        [0, 'int16', type.mode === 'sparse' ? 0 : 1, 0],
        [1, 'offset', int32Vector(builder, type.typeIds), 0],
      ];
    default:
      return [];
  }
}

function int32Vector(builder: Builder, values: readonly number[]): number {
  builder.startVector(4, values.length, 4);
  for (const value of values.toReversed()) builder.addInt32(value);
  return builder.endVector();
}
