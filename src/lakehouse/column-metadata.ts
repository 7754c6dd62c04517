import type { ArrowField, ArrowSchema } from '../arrow/index.ts';
import { isDuckhouseError } from '../errors.ts';
import type { Session } from './rows.ts';

/** Fields by the text of their DuckDB type. DuckDB itself says what a type is in Arrow: it alone reads its type syntax. */
const known = new Map<string, ArrowField>();
const maxKnown = 10_000;
const typesAtOnce = 200;

/** The Arrow field, without a name, of each type. One that has no Arrow form is text, as it can only be read by a cast. */
export async function arrowFieldsOf(
  session: Session,
  types: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ArrowField>> {
  const fields = new Map<string, ArrowField>();
  const unknown: string[] = [];
  for (const type of types) {
    const field = known.get(type);
    if (field === undefined) unknown.push(type);
    else fields.set(type, field);
  }
  if (known.size + unknown.length > maxKnown) known.clear();
  for (let at = 0; at < unknown.length; at += typesAtOnce) {
    for (const [type, field] of await askFields(session, unknown.slice(at, at + typesAtOnce))) {
      fields.set(type, field);
      known.set(type, field);
    }
  }
  return fields;
}

const text: ArrowField = { name: '', type: { id: 'utf8' }, nullable: true, children: [] };

async function askFields(session: Session, types: readonly string[]): Promise<[string, ArrowField][]> {
  try {
    const result = await session.query(`SELECT ${types.map((type) => `NULL::${type}`).join(', ')} LIMIT 0`);
    await result.close();
    return types.map((type, i) => [type, result.schema.fields[i] as ArrowField]);
  } catch (error) {
    if (!isDuckhouseError(error) || error.kind === 'Cancelled' || error.kind === 'Unavailable') throw error;
    if (types.length === 1) return [[types[0] as string, text]];
    const each: [string, ArrowField][] = [];
    for (const type of types) each.push(...(await askFields(session, [type])));
    return each;
  }
}

export interface TableColumns {
  /** Of duckdb_columns(), of many tables. */
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  readonly fields: ReadonlyMap<string, ArrowField>;
  /** The rows that are this table's, in the order of its columns. */
  readonly rows: readonly number[];
}

interface TableOfColumns {
  readonly catalog: string;
  readonly dbSchema: string;
  readonly name: string;
}

const maxMade = 20_000;

/**
 * What `make` makes of the schema of a table, made again only when the columns have changed. The schemas themselves are not
 * kept: those of thousands of tables are many small objects.
 */
export function perSchema<T>(make: (schema: ArrowSchema) => T): (table: TableOfColumns, columns: TableColumns) => T {
  const made = new Map<string, { readonly signature: string; readonly value: T }>();
  return (table, columns) => {
    const key = `${table.catalog}\0${table.dbSchema}\0${table.name}`;
    const signature = signatureOf(columns);
    const earlier = made.get(key);
    if (earlier?.signature === signature) return earlier.value;
    if (made.size >= maxMade) made.clear();
    const value = make(makeSchema(table, columns));
    made.set(key, { signature, value });
    return value;
  };
}

function signatureOf({ columns, rows }: TableColumns): string {
  let signature = '';
  for (const row of rows)
    signature += `${columns.column_name?.[row]}\0${columns.data_type?.[row]}\0${columns.is_nullable?.[row]}${columns.auto_increment?.[row]}${columns.comment?.[row] ?? '\0'}\n`;
  return signature;
}

/** Columns of one type without a comment share their metadata: schemas of thousands of tables are made at once. */
function makeSchema(table: TableOfColumns, { columns, fields, rows }: TableColumns): ArrowSchema {
  const shared = new Map<string, ReadonlyMap<string, string>>();
  const list: ArrowField[] = [];
  for (const row of rows) {
    const type = columns.data_type?.[row] as string;
    const field = fields.get(type) as ArrowField;
    const comment = columns.comment?.[row] as string | null;
    const autoIncrement = columns.auto_increment?.[row] === true;
    const own = comment !== null || autoIncrement;
    let metadata = own ? undefined : shared.get(type);
    if (metadata === undefined) {
      metadata = columnMetadata(table, { field, type, comment, autoIncrement });
      if (!own) shared.set(type, metadata);
    }
    list.push({
      ...field,
      name: columns.column_name?.[row] as string,
      nullable: columns.is_nullable?.[row] === true,
      metadata,
    });
  }
  return { fields: list };
}

interface ColumnFacts {
  readonly field: ArrowField;
  readonly type: string;
  readonly comment: string | null;
  readonly autoIncrement: boolean;
}

const prefix = 'ARROW:FLIGHT:SQL:';
const flag = (value: boolean): string => (value ? '1' : '0');

function columnMetadata(
  { catalog, dbSchema, name }: TableOfColumns,
  { field, type, comment, autoIncrement }: ColumnFacts,
): ReadonlyMap<string, string> {
  const decimal = field.type.id === 'decimal' ? field.type : undefined;
  return new Map([
    ...(field.metadata ?? []),
    [`${prefix}CATALOG_NAME`, catalog],
    // Clients read the first, the specification names the second.
    [`${prefix}SCHEMA_NAME`, dbSchema],
    [`${prefix}DB_SCHEMA_NAME`, dbSchema],
    [`${prefix}TABLE_NAME`, name],
    [`${prefix}TYPE_NAME`, type],
    ...(decimal === undefined
      ? []
      : ([
          [`${prefix}PRECISION`, String(decimal.precision)],
          [`${prefix}SCALE`, String(decimal.scale)],
        ] as const)),
    [`${prefix}IS_AUTO_INCREMENT`, flag(autoIncrement)],
    [`${prefix}IS_CASE_SENSITIVE`, flag(field.type.id === 'utf8')],
    [`${prefix}IS_READ_ONLY`, flag(false)],
    [`${prefix}IS_SEARCHABLE`, flag(true)],
    ...(comment === null ? [] : ([[`${prefix}REMARKS`, comment]] as const)),
  ]);
}
