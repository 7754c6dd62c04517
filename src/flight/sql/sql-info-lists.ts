/** The scalar functions that ODBC and JDBC know by name, and DuckDB's names for more of the kind; those DuckDB has are told. */
export const scalarFunctions = {
  numeric: [
    ...[
      'ABS',
      'ACOS',
      'ASIN',
      'ATAN',
      'ATAN2',
      'CEILING',
      'COS',
      'COT',
      'DEGREES',
      'EXP',
      'FLOOR',
      'LOG',
      'LOG10',
      'MOD',
    ],
    ...['PI', 'POWER', 'RADIANS', 'RAND', 'ROUND', 'SIGN', 'SIN', 'SQRT', 'TAN', 'TRUNCATE'],
    ...[
      'CBRT',
      'CEIL',
      'EVEN',
      'FACTORIAL',
      'GAMMA',
      'GCD',
      'GREATEST',
      'LCM',
      'LEAST',
      'LN',
      'LOG2',
      'POW',
      'RANDOM',
      'TRUNC',
    ],
  ],
  string: [
    ...[
      'ASCII',
      'BIT_LENGTH',
      'CHAR',
      'CHAR_LENGTH',
      'CHARACTER_LENGTH',
      'CHR',
      'CONCAT',
      'DIFFERENCE',
      'INSERT',
      'LCASE',
    ],
    ...[
      'LEFT',
      'LENGTH',
      'LOCATE',
      'LTRIM',
      'OCTET_LENGTH',
      'POSITION',
      'REPEAT',
      'REPLACE',
      'RIGHT',
      'RTRIM',
      'SOUNDEX',
    ],
    ...['SPACE', 'SUBSTRING', 'UCASE', 'CONCAT_WS', 'CONTAINS', 'FORMAT', 'INSTR', 'LOWER', 'LPAD', 'PRINTF'],
    ...['REGEXP_EXTRACT', 'REGEXP_MATCHES', 'REGEXP_REPLACE', 'REVERSE', 'RPAD', 'SPLIT_PART', 'STARTS_WITH', 'SUBSTR'],
    ...['TRANSLATE', 'TRIM', 'UPPER'],
  ],
  system: [
    'DATABASE',
    'IFNULL',
    'USER',
    'CURRENT_CATALOG',
    'CURRENT_DATABASE',
    'CURRENT_SCHEMA',
    'CURRENT_USER',
    'VERSION',
  ],
  datetime: [
    ...[
      'CURDATE',
      'CURTIME',
      'DAYNAME',
      'DAYOFMONTH',
      'DAYOFWEEK',
      'DAYOFYEAR',
      'HOUR',
      'MINUTE',
      'MONTH',
      'MONTHNAME',
    ],
    ...['NOW', 'QUARTER', 'SECOND', 'TIMESTAMPADD', 'TIMESTAMPDIFF', 'WEEK', 'YEAR', 'AGE', 'CURRENT_DATE'],
    ...['DATE_ADD', 'DATE_DIFF', 'DATE_PART', 'DATE_SUB', 'DATE_TRUNC', 'DATEDIFF', 'DATEPART', 'DATESUB', 'DATETRUNC'],
    ...['EPOCH', 'LAST_DAY', 'MAKE_DATE', 'MAKE_TIMESTAMP', 'STRFTIME', 'STRPTIME', 'TODAY'],
  ],
} as const;

/** SqlSupportsConvert. */
const convert = {
  bigint: 0,
  binary: 1,
  bit: 2,
  char: 3,
  date: 4,
  decimal: 5,
  float: 6,
  integer: 7,
  intervalDayTime: 8,
  intervalYearMonth: 9,
  longVarbinary: 10,
  longVarchar: 11,
  numeric: 12,
  real: 13,
  smallint: 14,
  time: 15,
  timestamp: 16,
  tinyint: 17,
  varbinary: 18,
  varchar: 19,
} as const;

/** The DuckDB type of each. */
export const convertTypes: Readonly<Record<number, string>> = {
  [convert.bigint]: 'BIGINT',
  [convert.binary]: 'BLOB',
  [convert.bit]: 'BOOLEAN',
  [convert.char]: 'VARCHAR',
  [convert.date]: 'DATE',
  [convert.decimal]: 'DECIMAL(18, 3)',
  [convert.float]: 'DOUBLE',
  [convert.integer]: 'INTEGER',
  [convert.intervalDayTime]: 'INTERVAL',
  [convert.intervalYearMonth]: 'INTERVAL',
  [convert.longVarbinary]: 'BLOB',
  [convert.longVarchar]: 'VARCHAR',
  [convert.numeric]: 'DECIMAL(18, 3)',
  [convert.real]: 'FLOAT',
  [convert.smallint]: 'SMALLINT',
  [convert.time]: 'TIME',
  [convert.timestamp]: 'TIMESTAMP',
  [convert.tinyint]: 'TINYINT',
  [convert.varbinary]: 'BLOB',
  [convert.varchar]: 'VARCHAR',
};

const { bigint, bit, decimal, float, integer, numeric, real, smallint, tinyint } = convert;
const numbers = [bigint, bit, decimal, float, integer, numeric, real, smallint, tinyint];
const texts = [convert.char, convert.longVarchar, convert.varchar];
const binaries = [convert.binary, convert.longVarbinary, convert.varbinary];
const intervals = [convert.intervalDayTime, convert.intervalYearMonth];
const everything = Object.values(convert);

const sorted = (codes: readonly number[]): readonly number[] => codes.toSorted((a, b) => a - b);
const each = (from: readonly number[], to: readonly number[]): [number, readonly number[]][] =>
  from.map((code) => [code, sorted(to)]);

/** What can be cast to what. */
export const conversions: readonly (readonly [from: number, to: readonly number[]])[] = [
  ...each(numbers, [...numbers, ...texts]),
  ...each(texts, everything),
  ...each(binaries, [...binaries, ...texts]),
  ...each(intervals, [...intervals, ...texts]),
  ...each([convert.date], [convert.date, convert.timestamp, ...texts]),
  ...each([convert.time], [convert.time, ...texts]),
  ...each([convert.timestamp], [convert.date, convert.time, convert.timestamp, ...texts]),
].sort(([a], [b]) => a - b);
