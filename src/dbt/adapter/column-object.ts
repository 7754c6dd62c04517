import { hostFunction, PyClass, PyObject, readArguments, repr, type Value } from '../../jinja/index.ts';
import { own } from '../plain.ts';
import { Column, numericType, translateType } from './column.ts';

/** A column as templates handle it. */
export class ColumnObject extends PyObject {
  readonly typeName = 'DuckDBColumn';
  readonly column: Column;

  constructor(column: Column) {
    super();
    this.column = column;
  }
  override attr(name: string): Value | undefined {
    const field = own(fields, name);
    if (field !== undefined) return field(this.column);
    const method = own(methods, name);
    return method === undefined
      ? classMembers.get(name)
      : hostFunction(name, ([first = null]) => method(this.column, first));
  }
  override truth(): boolean {
    return true;
  }
  override repr(): string {
    const { name, dtype, charSize, numericPrecision, numericScale } = this.column;
    const parts: [string, Value][] = [
      ['column', name],
      ['dtype', dtype],
      ['char_size', charSize],
      ['numeric_precision', numericPrecision],
      ['numeric_scale', numericScale],
      ['fields', columnFields(this.column)],
    ];
    return `DuckDBColumn(${parts.map(([key, value]) => `${key}=${repr(value)}`).join(', ')})`;
  }
  override equals(other: Value): boolean {
    return other instanceof ColumnObject && other.repr() === this.repr();
  }
  override hashKey(): unknown {
    return this.repr();
  }
}

/** Direct members of a struct. */
function columnFields(column: Column): Value[] {
  const flat = column.flatten();
  return flat.length === 1 && flat[0] === column ? [] : flat.map((leaf) => new ColumnObject(leaf));
}

const fields: Readonly<Record<string, (column: Column) => Value>> = {
  name: ({ name }) => name,
  column: ({ name }) => name,
  dtype: ({ dtype }) => dtype,
  char_size: ({ charSize }) => charSize,
  numeric_precision: ({ numericPrecision }) => numericPrecision,
  numeric_scale: ({ numericScale }) => numericScale,
  quoted: ({ quoted }) => quoted,
  data_type: ({ dataType }) => dataType,
  expanded_data_type: ({ dataType }) => dataType,
  fields: columnFields,
};

const methods: Readonly<Record<string, (column: Column, argument: Value) => Value>> = {
  is_string: (column) => column.isString(),
  is_number: (column) => column.isNumber(),
  is_float: (column) => column.isFloat(),
  is_integer: (column) => column.isInteger(),
  is_numeric: (column) => column.isNumeric(),
  is_struct: (column) => column.isStruct(),
  string_size: (column) => column.stringSize(),
  flatten: (column) => column.flatten().map((leaf) => new ColumnObject(leaf)),
  can_expand_to: (column, other) => other instanceof ColumnObject && column.canExpandTo(other.column),
  literal: (column, value) => `${String(value)}::${column.dataType}`,
};

const nameAndType = ['name', 'label_or_dtype'];

const classMembers = new Map<string, Value>([
  [
    'create',
    hostFunction('create', (args, kwargs) => {
      const { name, label_or_dtype } = readArguments('create', nameAndType, args, kwargs);
      return new ColumnObject(new Column(String(name), translateType(String(label_or_dtype))));
    }),
  ],
  ['translate_type', hostFunction('translate_type', ([dtype = null]) => translateType(String(dtype)))],
  ['string_type', hostFunction('string_type', ([size = null]) => `character varying(${String(size)})`)],
  [
    'numeric_type',
    hostFunction('numeric_type', (args, kwargs) => {
      const given = readArguments('numeric_type', ['dtype', 'precision', 'scale'], args, kwargs);
      return numericType(String(given.dtype), given.precision as number | null, given.scale as number | null);
    }),
  ],
  [
    'from_description',
    hostFunction('from_description', (args, kwargs) => {
      const given = readArguments('from_description', ['name', 'raw_data_type'], args, kwargs);
      return new ColumnObject(Column.fromDescription(String(given.name), String(given.raw_data_type)));
    }),
  ],
]);

/** `api.Column`. */
export const columnClass = new PyClass(
  'DuckDBColumn',
  (args, kwargs) => {
    const names = ['column', 'dtype', 'char_size', 'numeric_precision', 'numeric_scale'];
    const given = readArguments('DuckDBColumn', names, args, kwargs, {
      char_size: null,
      numeric_precision: null,
      numeric_scale: null,
    });
    return new ColumnObject(
      new Column(String(given.column), String(given.dtype), {
        charSize: given.char_size as number | null,
        numericPrecision: given.numeric_precision as number | null,
        numericScale: given.numeric_scale as number | null,
      }),
    );
  },
  classMembers,
);
