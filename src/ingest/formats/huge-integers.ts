/** DuckDB's readers take integers beyond BIGINT for DOUBLE, which keeps 15 digits of them. */
const hugeintDigits = 38;

/** SQL: the digits of the longest when all texts of the column are integers, else 0. */
export const integerDigits = (column: string): string =>
  `CASE WHEN bool_and(regexp_full_match(${column}, '\\s*[+-]?\\d+\\s*')) THEN max(length(regexp_extract(${column}, '\\d+')))::DOUBLE ELSE 0::DOUBLE END`;

/** The type that keeps integers of so many digits. */
export const integerType = (digits: number): string => (digits > hugeintDigits ? 'VARCHAR' : 'HUGEINT');
