import { randomUUID } from 'node:crypto';
import type { ArrowField, ArrowSchema } from '../arrow/index.ts';
import { type KeyedLock, unlessAborted } from '../concurrency.ts';
import { type Connection, columnType, type Engine, type Load } from '../engine/index.ts';
import { DuckhouseError, nearestNames } from '../errors.ts';
import { quoteIdentifier, quoteName } from '../sql.ts';
import { addEntry, ensureLedger, findEntry } from './ledger.ts';
import { ownSchema, quoteTable, showTable, systemCatalog } from './names.ts';
import { currentCatalog, describeTable, findTable, tableNotFound } from './tables.ts';
import type { PutRequest, Receipt, TableInfo } from './types.ts';

export interface PutContext {
  readonly engine: Engine;
  /** Loads of one id, or that make the same table, follow each other. */
  readonly locks: KeyedLock;
}

/** Loads a stream into a table, all or nothing; a load id that was loaded before gives its receipt again. */
export async function put(context: PutContext, request: PutRequest): Promise<Receipt> {
  checkTarget(request);
  const { locks, engine } = context;
  const { signal } = request;
  const catalog = request.table.catalog ?? (await currentCatalog(engine));
  const target = { ...request, catalog, loadId: request.loadId ?? randomUUID() };
  await locks.run(`ledger ${catalog}`, () => ensureLedger(engine, catalog), signal);
  const { dbSchema = 'main', table } = request.table;
  const tableKey = `table ${JSON.stringify([catalog, dbSchema, table]).toLowerCase()}`;
  const putNew = async (): Promise<Receipt> => {
    const earlier = await findEntry(engine, target.loadId);
    if (earlier !== undefined) return drain(request, earlier);
    if (await addsToPresent(engine, request)) return putOnce(engine, target);
    return locks.run(tableKey, () => putOnce(engine, target), signal);
  };
  return locks.run(`load ${target.loadId}`, putNew, signal);
}

/** The catalog of temporary tables. */
export const temporaryCatalog = 'temp';

export interface InsideRequest extends PutRequest {
  /** Called when rows begin to go in: what fails later can only be rolled back. */
  readonly onLoading?: () => void;
}

/**
 * The same on a connection whose transaction is the caller's: what was loaded is there when that commits. Named loads are
 * entered in the ledger by the same transaction.
 */
export async function putInside(connection: Connection, request: InsideRequest): Promise<Receipt> {
  checkTarget(request);
  const catalog = request.table.catalog ?? (await currentCatalog(connection));
  const { loadId } = request;
  if (loadId === undefined) return loadInto(connection, { ...request, catalog, loadId: randomUUID(), unlisted: true });
  await ensureLedger(connection, catalog);
  const earlier = await findEntry(connection, loadId);
  return earlier === undefined ? loadInto(connection, { ...request, catalog, loadId }) : drain(request, earlier);
}

/** Appends to a table that is there run side by side: DuckDB keeps them apart, and a slow sender holds up nobody. */
const addsToPresent = async (engine: Engine, { mode, table }: PutRequest): Promise<boolean> =>
  mode === 'append' || (mode === 'create_append' && (await findTable(engine, table)) !== undefined);

function checkTarget({ table }: PutRequest): void {
  const own = table.catalog?.toLowerCase() === systemCatalog ? systemCatalog : ownSchema;
  if (own === systemCatalog || table.dbSchema?.toLowerCase() === ownSchema) {
    throw new DuckhouseError('PermissionDenied', `schema ${own} is DuckHouse's own`, {
      id: 'own-schema',
      context: { schema: own },
    });
  }
}

/** The sender is read to its end, so that it learns the receipt as it would have the first time. */
async function drain({ messages }: PutRequest, receipt: Receipt): Promise<Receipt> {
  for await (const message of messages) message.done?.();
  return receipt;
}

type PutTarget = InsideRequest & {
  readonly catalog: string;
  readonly loadId: string;
  /** Nothing of it goes in the ledger. */
  readonly unlisted?: true;
};

async function putOnce(engine: Engine, request: PutTarget): Promise<Receipt> {
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

async function loadInto(connection: Connection, request: PutTarget): Promise<Receipt> {
  const { catalog, table, mode, loadId, signal, unlisted } = request;
  const load = await connection.load({
    schema: request.schema,
    async statement(source, schema) {
      const sql = await prepareTarget(connection, request, { source, schema });
      request.onLoading?.();
      return sql;
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const { rows, bytes } = await feed(load, request);
  const stored = await describeTable(connection, table);
  const name = [stored.catalog, stored.dbSchema, stored.name].join('.');
  if (unlisted !== true) await addEntry(connection, { catalog, loadId, table: name, mode, rows, bytes });
  return { rows, table: name, loadId, repeated: false };
}

async function feed(
  load: Load,
  { messages, signal }: PutTarget,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const source = messages[Symbol.asyncIterator]();
  const next = () => unlessAborted(source.next(), signal);
  try {
    for (let read = await next(); read.done !== true; read = await next()) await load.write(read.value);
    return await load.finish();
  } catch (error) {
    source.return?.().catch(() => undefined); // not waited for: it may wait for its sender
    await load.abort();
    throw error;
  }
}

interface Source {
  readonly source: string;
  readonly schema: ArrowSchema;
}

/** Makes or checks the table and returns the INSERT. The source gives all its columns, in order: DuckDB cannot leave any out. */
async function prepareTarget(
  connection: Connection,
  { table, mode }: PutTarget,
  { source, schema }: Source,
): Promise<string> {
  checkColumns(schema.fields);
  const present = await findTable(connection, table);
  if (present?.kind === 'view') {
    throw new DuckhouseError('InvalidArgument', `${showTable(table)} is a view`, {
      id: 'table-is-view',
      context: { name: showTable(table) },
    });
  }
  if (present !== undefined && mode === 'create') {
    throw new DuckhouseError('AlreadyExists', `table ${showTable(table)} already exists`, {
      id: 'table-exists',
      context: { name: showTable(table) },
      hint: 'the modes append and replace take a table that is there',
    });
  }
  if (present === undefined && mode === 'append') throw await tableNotFound(connection, table);
  const create = present === undefined || mode === 'replace';
  const kind = table.catalog === temporaryCatalog ? 'TEMP TABLE' : 'TABLE';
  if (create) await connection.execute(`CREATE OR REPLACE ${kind} ${quoteTable(table)} (${columnList(schema.fields)})`);
  else checkKnown(schema.fields, present);
  const names = schema.fields.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `INSERT INTO ${quoteTable(table)} (${names}) SELECT * FROM ${source}`;
}

const columnList = (fields: readonly ArrowField[]): string =>
  fields.map((field) => `${quoteIdentifier(field.name)} ${columnType(field)}`).join(', ');

function checkColumns(fields: readonly ArrowField[]): void {
  const seen = new Set<string>();
  for (const { name } of fields) {
    const key = name.toLowerCase();
    if (name === '') throw new DuckhouseError('InvalidArgument', 'a column has no name', { id: 'column-unnamed' });
    if (seen.has(key))
      throw new DuckhouseError('InvalidArgument', `column "${name}" comes twice`, {
        id: 'column-twice',
        context: { name },
      });
    seen.add(key);
  }
}

function checkKnown(fields: readonly ArrowField[], { name, columns }: TableInfo): void {
  const known = new Set(columns.map((column) => column.name.toLowerCase()));
  const unknown = fields.find((field) => !known.has(field.name.toLowerCase()));
  if (unknown === undefined) return;
  const candidates = nearestNames(
    unknown.name,
    columns.map((column) => column.name),
  );
  throw new DuckhouseError('InvalidArgument', `table ${name} has no column "${unknown.name}"`, {
    id: 'column-unknown',
    context: { table: name, name: unknown.name, candidates },
    ...(candidates.length === 0 ? {} : { hint: `did you mean ${candidates.join(', ')}?` }),
  });
}
