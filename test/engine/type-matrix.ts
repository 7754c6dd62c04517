import type { ArrowField } from '../../src/arrow/index.ts';

export interface MatrixEntry {
  /** A DuckDB type. */
  readonly type: string;
  /** Expressions of its values, the extreme ones too. */
  readonly values: readonly string[];
  readonly note?: string;
}

const entry = (type: string, values: readonly string[], note?: string): MatrixEntry => ({
  type,
  values,
  ...(note === undefined ? {} : { note }),
});
const text = 'as DuckDB prints it';
const digits38 = 'values beyond 38 digits are refused: cast to VARCHAR';

/** The published type matrix (docs/types.md), as values: each goes out as Arrow and comes back into a table of the type it had. */
export const typeMatrix: readonly MatrixEntry[] = [
  entry('BOOLEAN', ['true', 'false']),
  entry('TINYINT', ['-128', '127']),
  entry('SMALLINT', ['-32768', '32767']),
  entry('INTEGER', ['-2147483648', '2147483647'], 'NULL without a type as well'),
  entry('BIGINT', ['-9223372036854775808', '9223372036854775807']),
  entry('UTINYINT', ['0', '255']),
  entry('USMALLINT', ['65535']),
  entry('UINTEGER', ['4294967295']),
  entry('UBIGINT', ['18446744073709551615']),
  entry('HUGEINT', ["'-99999999999999999999999999999999999999'", "'99999999999999999999999999999999999999'"], digits38),
  entry('UHUGEINT', ['0', "'99999999999999999999999999999999999999'"], digits38),
  entry('DECIMAL(4,1)', ['-999.9', '0.1']),
  entry('DECIMAL(9,2)', ['-1234567.89']),
  entry('DECIMAL(18,3)', ['123456789012345.678']),
  entry('DECIMAL(38,10)', ["'-1234567890123456789012345678.0123456789'"]),
  entry('FLOAT', ['1.5', "'inf'"]),
  entry('DOUBLE', ['-2.25', "'nan'"]),
  entry('DATE', ["'1992-02-29'", "'0044-03-15 (BC)'", "'infinity'"]),
  entry(
    'TIME',
    ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'"],
    "24:00:00 is kept, though Arrow's full check counts it out of range",
  ),
  entry('TIME_NS', ["'12:00:00.123456789'"]),
  entry('TIMETZ', ["'12:34:56.5+02:30'", "'01:02:03-15:59:59'"], text),
  entry('TIMESTAMP', ["'2020-01-01 01:02:03.456789'", "'infinity'", "'-infinity'"]),
  entry('TIMESTAMP_S', ["'1969-12-31 23:59:59'"]),
  entry('TIMESTAMP_MS', ["'2020-01-01 01:02:03.456'"]),
  entry('TIMESTAMP_NS', ["'2020-01-01 01:02:03.123456789'"]),
  entry('TIMESTAMPTZ', ["'2020-01-01 01:02:03+05'"], 'the moment; DuckDB keeps no zone'),
  entry(
    'INTERVAL',
    ["'1 year 2 months 3 days 04:05:06.7'", "'-3 days'"],
    'more than 292 years of microseconds are refused: cast to VARCHAR',
  ),
  entry('VARCHAR', ["''", "'é😀'"]),
  entry('JSON', [`'{"a": [1, null]}'`]),
  entry('BLOB', ["''", "'\\x00\\xFF'"]),
  entry('UUID', ["'00000000-0000-0000-0000-000000000001'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
  entry('BIT', ["'1'", "'0101010101'"], text),
  entry('BIGNUM', ["'-123456789012345678901234567890123456789012345'", "'0'", "'255'"], text),
  entry(
    "ENUM('small', 'it''s large')",
    ["'small'", "'it''s large'"],
    'a declaration above 64 KiB is not named: it comes back as VARCHAR',
  ),
  entry('GEOMETRY', ["'POINT(1 2)'"], 'well-known binary'),
  entry('INTEGER[]', ['[1, NULL, 3]', '[]']),
  entry('VARCHAR[][]', ["[['a'], [], NULL]"]),
  entry('INTEGER[3]', ['[1, NULL, 3]']),
  entry('STRUCT("a b" INTEGER, c VARCHAR[])', ["{'a b': 1, 'c': ['x']}", "{'a b': NULL, 'c': NULL}"]),
  entry('MAP(VARCHAR, INTEGER)', ["MAP {'k': 1, 'l': NULL}", 'MAP {}']),
  entry('UNION(n INTEGER, s VARCHAR)', ['union_value(n := 1)', "union_value(s := 'x')"]),
  entry(
    'STRUCT(t TIMETZ, u UUID)[]',
    ["[{'t': '12:00:00+01', 'u': '00000000-0000-0000-0000-000000000001'}, NULL]"],
    'nested types are made of these',
  ),
];

/** Types that are refused, with what to do instead. */
export const refusedTypes: Readonly<Record<string, string>> = {
  VARIANT: 'cast it to JSON',
  TYPE: 'cast it to VARCHAR',
};

const units = { second: 's', millisecond: 'ms', microsecond: 'us', nanosecond: 'ns' } as const;

/** An Arrow type as pyarrow prints it. */
export function arrowText({ type, children, dictionary }: ArrowField): string {
  if (dictionary !== undefined) {
    const { signed, bitWidth } = dictionary.indexType;
    return `dictionary<values=string, indices=${signed ? '' : 'u'}int${bitWidth}, ordered=0>`;
  }
  const child = (i: number): string => arrowText(children[i] as ArrowField);
  const named = (field: ArrowField): string => `${field.name}: ${arrowText(field)}${field.nullable ? '' : ' not null'}`;
  switch (type.id) {
    case 'int':
      return `${type.signed ? '' : 'u'}int${type.bitWidth}`;
    case 'floatingPoint':
      return type.bitWidth === 64 ? 'double' : 'float';
    case 'decimal':
      return `decimal${type.bitWidth}(${type.precision}, ${type.scale})`;
    case 'utf8':
      return 'string';
    case 'date':
      return 'date32[day]';
    case 'time':
      return `time${type.bitWidth}[${units[type.unit]}]`;
    case 'timestamp':
      return `timestamp[${units[type.unit]}${type.timezone === undefined ? '' : `, tz=${type.timezone}`}]`;
    case 'interval':
      return 'month_day_nano_interval';
    case 'list':
      return `list<${named(children[0] as ArrowField)}>`;
    case 'fixedSizeList':
      return `fixed_size_list<${named(children[0] as ArrowField)}>[${type.listSize}]`;
    case 'struct':
      return `struct<${children.map(named).join(', ')}>`;
    case 'map': {
      const [key, value] = (children[0] as ArrowField).children as readonly [ArrowField, ArrowField];
      return `map<${arrowText(key)}, ${arrowText(value)}>`;
    }
    case 'union':
      return `sparse_union<${children.map((member, i) => `${named(member)}=${i}`).join(', ')}>`;
    default:
      return children.length === 0 ? type.id : `${type.id}<${child(0)}>`;
  }
}
