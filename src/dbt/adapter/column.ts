const floats = new Set(['real', 'float', 'float4', 'float8', 'double', 'double precision']);
const integers = new Set(
  (
    'tinyint smallint integer bigint hugeint utinyint usmallint uinteger ubigint uhugeint ' +
    'int1 int2 int4 int8 short int signed long'
  ).split(' '),
);
const strings = new Set(['text', 'character varying', 'character', 'varchar']);

/** A column as macros see it: a name and DuckDB's type, sizes apart. */
export class Column {
  readonly name: string;
  readonly dtype: string;
  readonly charSize: number | null;
  readonly numericPrecision: number | null;
  readonly numericScale: number | null;

  constructor(
    name: string,
    dtype: string,
    sizes: { charSize?: number | null; numericPrecision?: number | null; numericScale?: number | null } = {},
  ) {
    this.name = name;
    this.dtype = dtype;
    this.charSize = sizes.charSize ?? null;
    this.numericPrecision = sizes.numericPrecision ?? null;
    this.numericScale = sizes.numericScale ?? null;
  }

  get quoted(): string {
    return `"${this.name}"`;
  }

  get dataType(): string {
    if (this.isString()) return `character varying(${this.stringSize()})`;
    if (this.isNumeric()) return numericType(this.dtype, this.numericPrecision, this.numericScale);
    return this.dtype;
  }

  isString(): boolean {
    return strings.has(this.dtype.toLowerCase());
  }

  isFloat(): boolean {
    return floats.has(this.dtype.toLowerCase());
  }

  isInteger(): boolean {
    return integers.has(this.dtype.toLowerCase());
  }

  isNumeric(): boolean {
    return ['numeric', 'decimal'].includes(this.dtype.toLowerCase());
  }

  isNumber(): boolean {
    return this.isFloat() || this.isInteger() || this.isNumeric();
  }

  isStruct(): boolean {
    return this.dtype.toLowerCase().startsWith('struct');
  }

  stringSize(): number {
    return this.charSize ?? 256;
  }

  canExpandTo(other: Column): boolean {
    return this.isString() && other.isString() && other.stringSize() > this.stringSize();
  }

  /** The columns of its members, `a.b` each, for a struct; itself otherwise. */
  flatten(): Column[] {
    const inner = /^STRUCT\(([\s\S]*)\)$/i.exec(this.dtype)?.[1];
    if (inner === undefined) return [this];
    return splitTopLevel(inner).flatMap((member) => {
      const space = member.indexOf(' ');
      const column = new Column(member.slice(0, space), member.slice(space + 1));
      return column.flatten().map((leaf) => new Column(`${this.name}.${leaf.name}`, leaf.dtype));
    });
  }

  toString(): string {
    return `<Column ${this.name} (${this.dataType})>`;
  }

  /** From a type as information schemas write it, such as `character varying(25)` or `numeric(10,2)`. */
  static fromDescription(name: string, rawType: string): Column {
    const match = /^([^(]+)(?:\(([^)]+)\))?$/.exec(rawType);
    if (match === null) throw new TypeError(`could not read the data type "${rawType}"`);
    const [, dtype = rawType, size] = match;
    if (size === undefined) return new Column(name, dtype);
    const numbers = size.split(',').map(Number);
    if (numbers.length === 1) return new Column(name, dtype, { charSize: numbers[0] ?? null });
    return new Column(name, dtype, { numericPrecision: numbers[0] ?? null, numericScale: numbers[1] ?? null });
  }
}

export function numericType(dtype: string, precision: number | null, scale: number | null): string {
  return precision === null || scale === null ? dtype : `${dtype}(${precision},${scale})`;
}

/** Parts between commas that are not inside brackets or quotes. */
function splitTopLevel(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let quote = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') quote = !quote;
    if (quote) continue;
    if (char === '(' || char === '[') depth++;
    if (char === ')' || char === ']') depth--;
    if (char === ',' && depth === 0) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...found, text.slice(start).trim()].filter((part) => part !== '');
}

/** dbt's names of types, in the words of a database. */
export const translateType = (dtype: string): string => (dtype.toUpperCase() === 'STRING' ? 'TEXT' : dtype);
