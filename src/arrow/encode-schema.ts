import { Builder } from 'flatbuffers';
import { floatWidths, intervalUnits, messageHeaders, metadataV5, timeUnits, typeCodes } from './constants.ts';
import type { ArrowField, ArrowSchema, ArrowType, DictionaryEncoding } from './types.ts';

/** `schema` as a bare flatbuffer Message, padded to 8 bytes. */
export function encodeSchema(schema: ArrowSchema): Uint8Array {
  const builder = new Builder(1024);
  const fields = offsetVector(
    builder,
    schema.fields.map((field) => addField(builder, field)),
  );
  const metadata = addMetadata(builder, schema.metadata);
  builder.startObject(4);
  builder.addFieldOffset(1, fields, 0);
  if (metadata !== 0) builder.addFieldOffset(2, metadata, 0);
  const header = builder.endObject();
  return finishMessage(builder, { headerType: messageHeaders.schema, header, bodyLength: 0n });
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

function addField(builder: Builder, field: ArrowField): number {
  const children = offsetVector(
    builder,
    field.children.map((child) => addField(builder, child)),
  );
  const name = builder.createString(field.name);
  const type = addType(builder, field.type);
  const dictionary = field.dictionary === undefined ? 0 : addDictionary(builder, field.dictionary);
  const metadata = addMetadata(builder, field.metadata);
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

function addMetadata(builder: Builder, metadata: ReadonlyMap<string, string> | undefined): number {
  if (metadata === undefined || metadata.size === 0) return 0;
  const pairs = [...metadata].map(([key, value]) => {
    const keyOffset = builder.createString(key);
    const valueOffset = builder.createString(value);
    builder.startObject(2);
    builder.addFieldOffset(0, keyOffset, 0);
    builder.addFieldOffset(1, valueOffset, 0);
    return builder.endObject();
  });
  return offsetVector(builder, pairs);
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
