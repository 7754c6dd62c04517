import type { TimeUnit } from './types.ts';

/** MessageHeader of Message.fbs. */
export const messageHeaders = { schema: 1, dictionaryBatch: 2, recordBatch: 3 } as const;

/** Members of the Type union of Schema.fbs. */
export const typeCodes = {
  null: 1,
  int: 2,
  floatingPoint: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
  union: 14,
  fixedSizeBinary: 15,
  fixedSizeList: 16,
  map: 17,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  runEndEncoded: 22,
  binaryView: 23,
  utf8View: 24,
  listView: 25,
  largeListView: 26,
} as const;

export const timeUnits: readonly TimeUnit[] = ['second', 'millisecond', 'microsecond', 'nanosecond'];
export const intervalUnits = ['yearMonth', 'dayTime', 'monthDayNano'] as const;
export const floatWidths = [16, 32, 64] as const;

/** MetadataVersion V5, the one written; V4 is read too. */
export const metadataV5 = 4;
export const metadataV4 = 3;
