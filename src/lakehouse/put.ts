import { randomUUID } from 'node:crypto';
import type { ArrowField, ArrowSchema } from '../arrow/index.ts';
import type { KeyedLock } from '../concurrency.ts';
import { columnType, type Connection, type Engine, type Load } from '../engine/index.ts';
import { DuckhouseError, nearestNames } from '../errors.ts';
import { quoteIdentifier, quoteName } from '../sql.ts';
import { addEntry, findEntry } from './ledger.ts';
import { ownSchema, quoteTable, showTable } from './names.ts';
import { describeTable, findTable, tableNotFound } from './tables.ts';
import type { PutRequest, Receipt, TableInfo } from './types.ts';

export interface PutContext {
  readonly engine: Engine;
  /** Loads of one id, or into one table, follow each other: two of them would both create it. */
  readonly locks: KeyedLock;
  readonly ensureLedger: () => Promise<void>;
}

/** Loads a stream into a table, all or nothing; a load id that was loaded before gives its receipt again. */
export async function put(context: PutContext, request: PutRequest): Promise<Receipt> {
  checkTarget(request);
  const loadId = request.loadId ?? randomUUID();
  const { locks, engine } = context;
  await context.ensureLedger();
  return locks.run(`load ${loadId}`, async () => {
    const earlier = await findEntry(engine, loadId);
    if (earlier !== undefined) return drain(request, earlier);
    // Appends to a table that is there run side by side; DuckDB keeps them apart.
    if (request.mode === 'append') return putOnce(context, { ...request, loadId });
    return locks.run(`table ${showTable(request.table).toLowerCase()}`, () => putOnce(context, { ...request, loadId }));
  });
}

function checkTarget({ table }: PutRequest): void {
  if (table.dbSchema?.toLowerCase() === ownSchema) {
    throw new DuckhouseError('PermissionDenied', `schema ${ownSchema} is DuckHouse's own`, { id: 'own-schema', context: { schema: ownSchema } });
  }
}

/** The sender is read to its end, so that it learns the receipt as it would have the first time. */
async function drain({ messages }: PutRequest, receipt: Receipt): Promise<Receipt> {
  for await (const message of messages) message.done?.();
  return receipt;
}

type PutWithId = PutRequest & { readonly loadId: string };

async function putOnce({ engine }: PutContext, request: PutWithId): Promise<Receipt> {
  const connection = await engine.connect();
  try {
    const { catalog, dbSchema } = request.table;
    if (catalog !== undefined) await connection.execute(`USE ${quoteName(catalog, dbSchema ?? 'main')}`);
    await connection.execute('BEGIN');
    const receipt = await loadInto(connection, request);
    await connection.execute('COMMIT');
    return receipt;
  } finally {
    // Closing rolls back what was not committed.
    await connection.close();
  }
}

async function loadInto(connection: Connection, request: PutWithId): Promise<Receipt> {
  const { table, mode, loadId, signal } = request;
  const load = await connection.load({
    schema: request.schema,
    statement: (source, schema) => prepareTarget(connection, request, { source, schema }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { rows, bytes } = await feed(load, request);
  const stored = await describeTable(connection, table);
  const name = [stored.catalog, stored.dbSchema, stored.name].join('.');
  await addEntry(connection, { loadId, table: name, mode, rows, bytes });
  return { rows, table: name, loadId, repeated: false };
}

async function feed(load: Load, { messages }: PutWithId): Promise<{ readonly rows: number; readonly bytes: number }> {
  try {
    for await (const message of messages) await load.write(message);
    return await load.finish();
  } catch (error) {
    await load.abort();
    throw error;
  }
}

interface Source {
  readonly source: string;
  readonly schema: ArrowSchema;
}

/** Makes or checks the table and returns the INSERT. The source gives all its columns, in order: DuckDB cannot leave any out. */
async function prepareTarget(connection: Connection, { table, mode }: PutWithId, { source, schema }: Source): Promise<string> {
  checkColumns(schema.fields);
  const present = await findTable(connection, table);
  if (present?.kind === 'view') {
    throw new DuckhouseError('InvalidArgument', `${showTable(table)} is a view`, { id: 'table-is-view', context: { name: showTable(table) } });
  }
  if (present !== undefined && mode === 'create') {
    throw new DuckhouseError('AlreadyExists', `table ${showTable(table)} already exists`, { id: 'table-exists', context: { name: showTable(table) } });
  }
  if (present === undefined && mode === 'append') throw await tableNotFound(connection, table);
  const create = present === undefined || mode === 'replace';
  if (create) await connection.execute(`CREATE OR REPLACE TABLE ${quoteTable(table)} (${columnList(schema.fields)})`);
  else checkKnown(schema.fields, present);
  const names = schema.fields.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `INSERT INTO ${quoteTable(table)} (${names}) SELECT * FROM ${source}`;
}

const columnList = (fields: readonly ArrowField[]): string => fields.map((field) => `${quoteIdentifier(field.name)} ${columnType(field)}`).join(', ');

function checkColumns(fields: readonly ArrowField[]): void {
  const seen = new Set<string>();
  for (const { name } of fields) {
    const key = name.toLowerCase();
    if (name === '') throw new DuckhouseError('InvalidArgument', 'a column has no name', { id: 'column-unnamed' });
    if (seen.has(key)) throw new DuckhouseError('InvalidArgument', `column "${name}" comes twice`, { id: 'column-twice', context: { name } });
    seen.add(key);
  }
}

function checkKnown(fields: readonly ArrowField[], { name, columns }: TableInfo): void {
  const known = new Set(columns.map((column) => column.name.toLowerCase()));
  const unknown = fields.find((field) => !known.has(field.name.toLowerCase()));
  if (unknown === undefined) return;
  const candidates = nearestNames(unknown.name, columns.map((column) => column.name));
  throw new DuckhouseError('InvalidArgument', `table ${name} has no column "${unknown.name}"`, {
    id: 'column-unknown',
    context: { table: name, name: unknown.name, candidates },
    ...(candidates.length === 0 ? {} : { hint: `did you mean ${candidates.join(', ')}?` }),
  });
}
