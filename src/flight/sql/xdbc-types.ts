/** A DuckDB type as ODBC and JDBC describe types. Absent = does not apply. */
export interface XdbcType {
  readonly name: string;
  /** XdbcDataType. */
  readonly dataType: number;
  /** Digits of exact numbers, bits of approximate ones, characters of texts, dates and times. */
  readonly size?: number;
  readonly literal?: readonly [prefix: string, suffix: string];
  readonly createParams?: readonly string[];
  readonly caseSensitive?: boolean;
  /** Of numbers. */
  readonly unsigned?: boolean;
  readonly scales?: readonly [minimum: number, maximum: number];
  /** The generic type of dates, times and intervals. */
  readonly sqlDataType?: number;
  readonly subcode?: number;
  readonly radix?: 2 | 10;
  readonly intervalPrecision?: number;
}

const dataTypes = {
  longVarchar: -1,
  varbinary: -3,
  bigint: -5,
  tinyint: -6,
  bit: -7,
  numeric: 2,
  decimal: 3,
  integer: 4,
  smallint: 5,
  real: 7,
  double: 8,
  datetime: 9,
  interval: 10,
  varchar: 12,
  date: 91,
  time: 92,
  timestamp: 93,
} as const;

const exact = (name: string, dataType: number, size: number): XdbcType => ({
  name,
  dataType,
  size,
  unsigned: name.startsWith('U'),
  scales: [0, 0],
  radix: 10,
});
const approximate = (name: string, dataType: number, size: number): XdbcType => ({
  name,
  dataType,
  size,
  unsigned: false,
  radix: 2,
});
const quoted = ["'", "'"] as const;
const text = (name: string, dataType: number, size = 2 ** 31 - 1): XdbcType => ({
  name,
  dataType,
  size,
  literal: quoted,
  caseSensitive: true,
});
interface Moment {
  readonly name: string;
  readonly dataType: number;
  readonly size: number;
  readonly subcode: number;
  readonly digits?: number;
}
const moment = ({ name, dataType, size, subcode, digits }: Moment): XdbcType => ({
  name,
  dataType,
  size,
  literal: [`${name} '`, "'"],
  sqlDataType: dataTypes.datetime,
  subcode,
  ...(digits === undefined ? {} : { scales: [digits, digits] }),
});
const { timestamp } = dataTypes;

/** The scalar types, by data type and name. */
export const xdbcTypes: readonly XdbcType[] = [
  exact('TINYINT', dataTypes.tinyint, 3),
  exact('UTINYINT', dataTypes.smallint, 3),
  exact('SMALLINT', dataTypes.smallint, 5),
  exact('USMALLINT', dataTypes.integer, 5),
  exact('INTEGER', dataTypes.integer, 10),
  exact('UINTEGER', dataTypes.bigint, 10),
  exact('BIGINT', dataTypes.bigint, 19),
  exact('UBIGINT', dataTypes.numeric, 20),
  exact('HUGEINT', dataTypes.numeric, 39),
  exact('UHUGEINT', dataTypes.numeric, 39),
  approximate('FLOAT', dataTypes.real, 24),
  approximate('DOUBLE', dataTypes.double, 53),
  {
    name: 'DECIMAL',
    dataType: dataTypes.decimal,
    size: 38,
    createParams: ['precision', 'scale'],
    unsigned: false,
    scales: [0, 38],
    radix: 10,
  } as const,
  { name: 'BOOLEAN', dataType: dataTypes.bit, size: 1 } as const,
  text('VARCHAR', dataTypes.varchar),
  text('UUID', dataTypes.varchar, 36),
  text('JSON', dataTypes.longVarchar),
  text('BIT', dataTypes.varchar),
  { name: 'BLOB', dataType: dataTypes.varbinary, size: 2 ** 31 - 1, literal: ["'", "'::BLOB"] } as const,
  moment({ name: 'DATE', dataType: dataTypes.date, size: 10, subcode: 1 }),
  moment({ name: 'TIME', dataType: dataTypes.time, size: 15, subcode: 2, digits: 6 }),
  moment({ name: 'TIME WITH TIME ZONE', dataType: dataTypes.time, size: 24, subcode: 4, digits: 6 }),
  moment({ name: 'TIMESTAMP', dataType: timestamp, size: 26, subcode: 3, digits: 6 }),
  moment({ name: 'TIMESTAMP_S', dataType: timestamp, size: 19, subcode: 3, digits: 0 }),
  moment({ name: 'TIMESTAMP_MS', dataType: timestamp, size: 23, subcode: 3, digits: 3 }),
  moment({ name: 'TIMESTAMP_NS', dataType: timestamp, size: 29, subcode: 3, digits: 9 }),
  moment({ name: 'TIMESTAMP WITH TIME ZONE', dataType: timestamp, size: 32, subcode: 5, digits: 6 }),
  {
    name: 'INTERVAL',
    dataType: dataTypes.interval,
    size: 2 ** 31 - 1,
    literal: ["INTERVAL '", "'"],
    sqlDataType: dataTypes.interval,
    subcode: 0,
    scales: [6, 6],
    intervalPrecision: 9,
  } as const,
].sort((a, b) => a.dataType - b.dataType || (a.name < b.name ? -1 : 1));
