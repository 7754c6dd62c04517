import { fieldMap, intOf } from '../../proto/wire.ts';
import type { SqlCommands } from '../command.ts';
import { type Columns, metadataCommand } from '../metadata.ts';
import { xdbcTypeInfoSchema } from '../reference-schemas.ts';
import { type XdbcType, xdbcTypes } from '../xdbc-types.ts';

export const xdbcCommands: SqlCommands = {
  CommandGetXdbcTypeInfo: metadataCommand('CommandGetXdbcTypeInfo', {
    schema: xdbcTypeInfoSchema,
    columns(_, value) {
      const fields = fieldMap(value);
      const wanted = fields.has(1) ? Number(BigInt.asIntN(32, intOf(fields, 1))) : undefined;
      return typeColumns(xdbcTypes.filter(({ dataType }) => wanted === undefined || dataType === wanted));
    },
  }),
};

/** Nullable.NULLABILITY_NULLABLE and Searchable.SEARCHABLE_FULL. */
const nullable = 1;
const searchable = 3;

const typeColumns = (types: readonly XdbcType[]): Columns => [
  types.map(({ name }) => name),
  types.map(({ dataType }) => dataType),
  types.map(({ size }) => size),
  types.map(({ literal }) => literal?.[0]),
  types.map(({ literal }) => literal?.[1]),
  types.map(({ createParams }) => createParams),
  types.map(() => nullable),
  types.map(({ caseSensitive }) => caseSensitive === true),
  types.map(() => searchable),
  types.map(({ unsigned }) => unsigned),
  types.map(() => false),
  types.map(({ unsigned }) => (unsigned === undefined ? undefined : false)),
  types.map(({ name }) => name),
  types.map(({ scales }) => scales?.[0]),
  types.map(({ scales }) => scales?.[1]),
  types.map(({ sqlDataType, dataType }) => sqlDataType ?? dataType),
  types.map(({ subcode }) => subcode),
  types.map(({ radix }) => radix),
  types.map(({ intervalPrecision }) => intervalPrecision),
];
