export type TimeUnit = 'second' | 'millisecond' | 'microsecond' | 'nanosecond';
export type IntBitWidth = 8 | 16 | 32 | 64;

/** Arrow's logical types, named as in the format's Schema.fbs. Child types live in `ArrowField.children`. */
export type ArrowType =
  | { readonly id: 'null' }
  | { readonly id: 'bool' }
  | { readonly id: 'int'; readonly bitWidth: IntBitWidth; readonly signed: boolean }
  | { readonly id: 'floatingPoint'; readonly bitWidth: 16 | 32 | 64 }
  | {
      readonly id: 'decimal';
      readonly precision: number;
      readonly scale: number;
      readonly bitWidth: 32 | 64 | 128 | 256;
    }
  | { readonly id: 'utf8' | 'largeUtf8' | 'utf8View' }
  | { readonly id: 'binary' | 'largeBinary' | 'binaryView' }
  | { readonly id: 'fixedSizeBinary'; readonly byteWidth: number }
  | { readonly id: 'date'; readonly unit: 'day' | 'millisecond' }
  | { readonly id: 'time'; readonly unit: TimeUnit; readonly bitWidth: 32 | 64 }
  | { readonly id: 'timestamp'; readonly unit: TimeUnit; readonly timezone?: string }
  | { readonly id: 'duration'; readonly unit: TimeUnit }
  | { readonly id: 'interval'; readonly unit: 'yearMonth' | 'dayTime' | 'monthDayNano' }
  | { readonly id: 'list' | 'largeList' | 'listView' | 'largeListView' }
  | { readonly id: 'fixedSizeList'; readonly listSize: number }
  | { readonly id: 'struct' }
  | { readonly id: 'map'; readonly keysSorted: boolean }
  | { readonly id: 'union'; readonly mode: 'sparse' | 'dense'; readonly typeIds: readonly number[] }
  | { readonly id: 'runEndEncoded' };

export interface DictionaryEncoding {
  readonly id: bigint;
  readonly indexType: { readonly id: 'int'; readonly bitWidth: IntBitWidth; readonly signed: boolean };
  readonly isOrdered: boolean;
}

export interface ArrowField {
  readonly name: string;
  /** The value type; with `dictionary`, the type of the dictionary's values. */
  readonly type: ArrowType;
  readonly nullable: boolean;
  readonly children: readonly ArrowField[];
  readonly metadata?: ReadonlyMap<string, string>;
  readonly dictionary?: DictionaryEncoding;
}

export interface ArrowSchema {
  readonly fields: readonly ArrowField[];
  readonly metadata?: ReadonlyMap<string, string>;
}

/** One IPC message: its bare flatbuffer (no continuation, no length) and its body. */
export interface IpcMessage {
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * One decoded array. Buffers are views into the message body, checked against it; absent ones are undefined.
 * `children` mirror the field's; a dictionary-encoded column holds its indices in `data` and its values in `dictionary`.
 */
export interface ArrowColumn {
  readonly field: ArrowField;
  readonly length: number;
  readonly nullCount: number;
  /** Bit i set = row i is valid; undefined = all valid. */
  readonly validity: Uint8Array | undefined;
  /** Offsets (variable-size types, lists, dense unions), or list-view offsets. */
  readonly offsets: Uint8Array | undefined;
  /** Sizes of list views. */
  readonly sizes: Uint8Array | undefined;
  /** Fixed-width values, character data, or the 16-byte views of view types. */
  readonly data: Uint8Array | undefined;
  readonly typeIds: Uint8Array | undefined;
  /** Data buffers of view types. */
  readonly variadic: readonly Uint8Array[];
  readonly children: readonly ArrowColumn[];
  readonly dictionary: ArrowColumn | undefined;
}

export interface RecordBatch {
  readonly schema: ArrowSchema;
  readonly length: number;
  readonly columns: readonly ArrowColumn[];
}
