import type { ArrowField, ArrowSchema, ArrowType } from '../../arrow/index.ts';

/** The schemas of Flight SQL's metadata results, to the letter: stock clients compare them with their own. */
const field = (name: string, type: ArrowType, nullable: boolean, children: readonly ArrowField[] = []): ArrowField => ({
  name,
  type,
  nullable,
  children,
});
const utf8 = { id: 'utf8' } as const;
const int32 = { id: 'int', bitWidth: 32, signed: true } as const;
const uint8 = { id: 'int', bitWidth: 8, signed: false } as const;
const bool = { id: 'bool' } as const;

const text = (name: string): ArrowField => field(name, utf8, true);
const requiredText = (name: string): ArrowField => field(name, utf8, false);
const integer = (name: string): ArrowField => field(name, int32, true);
const requiredInteger = (name: string): ArrowField => field(name, int32, false);

export const catalogsSchema: ArrowSchema = { fields: [requiredText('catalog_name')] };
export const dbSchemasSchema: ArrowSchema = { fields: [text('catalog_name'), requiredText('db_schema_name')] };
export const tableTypesSchema: ArrowSchema = { fields: [requiredText('table_type')] };
export const tablesSchema: ArrowSchema = {
  fields: [text('catalog_name'), text('db_schema_name'), requiredText('table_name'), requiredText('table_type')],
};
export const tablesWithSchemaSchema: ArrowSchema = {
  fields: [...tablesSchema.fields, field('table_schema', { id: 'binary' }, false)],
};

/** The sequence before the name, as every implementation has it; the comments of FlightSql.proto have them the other way round. */
export const primaryKeysSchema: ArrowSchema = {
  fields: [
    text('catalog_name'),
    text('db_schema_name'),
    requiredText('table_name'),
    requiredText('column_name'),
    requiredInteger('key_sequence'),
    text('key_name'),
  ],
};

const keySide = (side: 'pk' | 'fk'): ArrowField[] => [
  text(`${side}_catalog_name`),
  text(`${side}_db_schema_name`),
  requiredText(`${side}_table_name`),
  requiredText(`${side}_column_name`),
];
/** Of imported and exported keys and of cross references. */
export const referencesSchema: ArrowSchema = {
  fields: [
    ...keySide('pk'),
    ...keySide('fk'),
    requiredInteger('key_sequence'),
    text('fk_key_name'),
    text('pk_key_name'),
    field('update_rule', uint8, false),
    field('delete_rule', uint8, false),
  ],
};

/** Type ids of the members of a SqlInfo value. */
export const sqlInfoMember = { string: 0, bool: 1, bigint: 2, int32: 3, stringList: 4, map: 5 } as const;

const int32List = field('value', { id: 'list' }, true, [field('item', int32, true)]);
const mapEntries = field('entries', { id: 'struct' }, false, [field('key', int32, false), int32List]);
export const sqlInfoSchema: ArrowSchema = {
  fields: [
    field('info_name', { id: 'int', bitWidth: 32, signed: false }, false),
    field('value', { id: 'union', mode: 'dense', typeIds: Object.values(sqlInfoMember) }, false, [
      requiredText('string_value'),
      field('bool_value', bool, false),
      field('bigint_value', { id: 'int', bitWidth: 64, signed: true }, false),
      requiredInteger('int32_bitmask'),
      field('string_list', { id: 'list' }, false, [text('item')]),
      field('int32_to_int32_list_map', { id: 'map', keysSorted: false }, false, [mapEntries]),
    ]),
  ],
};

export const xdbcTypeInfoSchema: ArrowSchema = {
  fields: [
    requiredText('type_name'),
    requiredInteger('data_type'),
    integer('column_size'),
    text('literal_prefix'),
    text('literal_suffix'),
    field('create_params', { id: 'list' }, true, [requiredText('item')]),
    requiredInteger('nullable'),
    field('case_sensitive', bool, false),
    requiredInteger('searchable'),
    field('unsigned_attribute', bool, true),
    field('fixed_prec_scale', bool, false),
    field('auto_increment', bool, true),
    text('local_type_name'),
    integer('minimum_scale'),
    integer('maximum_scale'),
    requiredInteger('sql_data_type'),
    integer('datetime_subcode'),
    integer('num_prec_radix'),
    integer('interval_precision'),
  ],
};
