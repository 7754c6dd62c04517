import type { ArrowField, ArrowSchema } from '../arrow/index.ts';
import { isDuckhouseError } from '../errors.ts';
import type { Session } from './rows.ts';
import { type Stencil, stencilled, stencilOf } from './schema-stencil.ts';

/** Fields by the text of their DuckDB type. DuckDB itself says what a type is in Arrow: it alone reads its type syntax. */
const known = new Map<string, ArrowField>();
const maxKnown = 10_000;
const typesAtOnce = 200;

/** The Arrow field, without a name, of each type. One that has no Arrow form is text, as it can only be read by a cast. */
async function arrowFieldsOf(session: Session, types: ReadonlySet<string>): Promise<ReadonlyMap<string, ArrowField>> {
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

/**
 * The columns of a table as one text, made where DuckDB has them: thousands of tables are compared with what they were, and
 * only those that changed are taken apart. NUL can be in no name.
 */
export const describedColumns = `string_agg(concat(column_index, chr(0), column_name, chr(0), data_type, chr(0), is_nullable,
  chr(0), coalesce(starts_with(column_default, 'nextval('), false), chr(0), '=' || comment), chr(0))`;

export interface DescribedTable {
  readonly catalog: string;
  readonly dbSchema: string;
  readonly name: string;
  /** `describedColumns`; empty for a view that can no longer be bound. */
  readonly columns: string;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly autoIncrement: boolean;
  readonly comment: string | null;
}

const partsOfColumn = 6;

function columnsOf(described: string): Column[] {
  const parts = described === '' ? [] : described.split('\0');
  const columns: (Column & { readonly index: number })[] = [];
  for (let at = 0; at < parts.length; at += partsOfColumn) {
    const [index, name = '', type = '', nullable, autoIncrement, comment = ''] = parts.slice(at, at + partsOfColumn);
    columns.push({
      index: Number(index),
      name,
      type,
      nullable: nullable === 'true',
      autoIncrement: autoIncrement === 'true',
      comment: comment === '' ? null : comment.slice(1),
    });
  }
  return columns.sort((a, b) => a.index - b.index);
}

const maxMade = 20_000;

/**
 * What `make` makes of the schemas of tables, made again only where the columns have changed. The schemas themselves are not
 * kept: those of thousands of tables are many small objects.
 */
export function perSchema(
  make: (schema: ArrowSchema) => Uint8Array,
): (session: Session, tables: readonly DescribedTable[]) => Promise<Uint8Array[]> {
  const made = new Map<string, { readonly columns: string; readonly value: Uint8Array }>();
  const keyOf = ({ catalog, dbSchema, name }: DescribedTable): string => `${catalog}\0${dbSchema}\0${name}`;
  return async (session, tables) => {
    const earlier = tables.map((table) => {
      const one = made.get(keyOf(table));
      return one?.columns === table.columns ? one : undefined;
    });
    const changed = tables.filter((_, i) => earlier[i] === undefined);
    if (made.size + changed.length > maxMade) made.clear();
    const parsed = new Map<string, readonly Column[]>();
    for (const { columns } of changed) if (!parsed.has(columns)) parsed.set(columns, columnsOf(columns));
    const types = new Set([...parsed.values()].flatMap((columns) => columns.map(({ type }) => type)));
    const fields = await arrowFieldsOf(session, types);
    const makeOne = makerOf(changed, (table) =>
      make(makeSchema(table, parsed.get(table.columns) as readonly Column[], fields)),
    );
    return tables.map((table, i) => {
      const one = earlier[i];
      if (one !== undefined) return one.value;
      const value = makeOne(table);
      made.set(keyOf(table), { columns: table.columns, value });
      return value;
    });
  };
}

/** From how many tables alike on one is made of another. */
const fewestAlike = 4;

/** Of tables that differ in nothing but their names, as those of tenants or days do, one is made and the others copied. */
function makerOf(
  tables: readonly DescribedTable[],
  make: (table: DescribedTable) => Uint8Array,
): (table: DescribedTable) => Uint8Array {
  const numbers = new Map<string, number>();
  const numberOf = (columns: string): number => {
    const known = numbers.get(columns) ?? numbers.size;
    numbers.set(columns, known);
    return known;
  };
  // The long text of the columns is looked up once, not made part of another.
  const alike = ({ catalog, dbSchema, name, columns }: DescribedTable): string =>
    `${numberOf(columns)}\0${Buffer.byteLength(name)}\0${catalog}\0${dbSchema}`;
  const keys = new Map(tables.map((table) => [table, alike(table)]));
  const counts = new Map<string, number>();
  for (const key of keys.values()) counts.set(key, (counts.get(key) ?? 0) + 1);
  const stencils = new Map<string, Stencil | undefined>();
  return (table) => {
    const key = keys.get(table) as string;
    if ((counts.get(key) ?? 0) < fewestAlike) return make(table);
    const name = Buffer.from(table.name, 'utf8');
    if (!stencils.has(key))
      stencils.set(
        key,
        stencilOf((other) => make({ ...table, name: other }), name.byteLength),
      );
    const stencil = stencils.get(key);
    return stencil === undefined ? make(table) : stencilled(stencil, name);
  };
}

/** Columns of one type without a comment share their metadata: schemas of thousands of tables are made at once. */
function makeSchema(
  table: DescribedTable,
  columns: readonly Column[],
  fields: ReadonlyMap<string, ArrowField>,
): ArrowSchema {
  const shared = new Map<string, ReadonlyMap<string, string>>();
  const list: ArrowField[] = [];
  for (const { name, type, nullable, autoIncrement, comment } of columns) {
    const field = fields.get(type) as ArrowField;
    const own = comment !== null || autoIncrement;
    let metadata = own ? undefined : shared.get(type);
    if (metadata === undefined) {
      metadata = columnMetadata(table, { field, type, comment, autoIncrement });
      if (!own) shared.set(type, metadata);
    }
    list.push({ ...field, name, nullable, metadata });
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
  { catalog, dbSchema, name }: DescribedTable,
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
