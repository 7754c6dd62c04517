import { createKeyedLock } from '../concurrency.ts';
import type { Engine } from '../engine/index.ts';
import { DuckhouseError, isDuckhouseError } from '../errors.ts';
import { createLedger, findEntry, ledgerExists } from './ledger.ts';
import { parseTableName, quoteTable, showTable } from './names.ts';
import { put } from './put.ts';
import { describeTable, findTable, listTables, tableNotFound } from './tables.ts';
import type { Lakehouse, TableInfo, TableName } from './types.ts';

/** The lakehouse over an open engine; closing it closes the engine. */
export async function openLakehouse({ engine }: { readonly engine: Engine }): Promise<Lakehouse> {
  let ledger: Promise<void> | undefined;
  const ensureLedger = (): Promise<void> => {
    ledger ??= createLedger(engine).catch((error: unknown) => {
      ledger = undefined;
      throw error;
    });
    return ledger;
  };
  const context = { engine, locks: createKeyedLock(), ensureLedger };
  return {
    engine,
    query: (sql, options) => explained(engine, () => engine.query(sql, options)),
    prepare: (sql, options) => explained(engine, () => engine.prepare(sql, options)),
    put: (request) => put(context, request),
    findLoad: async (loadId) => ((await ledgerExists(engine)) ? findEntry(engine, loadId) : undefined),
    listTables: () => listTables(engine),
    describeTable: (name) => describeTable(engine, name),
    schemaOf: (name) => schemaOf(engine, name),
    createView: (name, sql, options) => createView(engine, { name, sql, replace: options.replace }),
    drop: (name, options) => drop(engine, name, options.ifExists),
    refresh: (name) => refresh(engine, name),
    progress: (queryId) => engine.progress(queryId),
    cancel: (queryId) => engine.cancel(queryId),
    close: () => engine.close(),
  };
}

/** DuckDB proposes names out of its own catalog; ours are those of the user's tables. */
async function explained<T>(engine: Engine, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isDuckhouseError(error) || error.id !== 'table-not-found' || typeof error.context.name !== 'string') throw error;
    const better = await tableNotFound(engine, parseTableName(error.context.name));
    throw new DuckhouseError(better.kind, better.message, { ...better, context: { ...error.context, ...better.context }, cause: error });
  }
}

async function schemaOf(engine: Engine, name: TableName) {
  const table = await describeTable(engine, name);
  const prepared = await engine.prepare(`SELECT * FROM ${quoteTable({ catalog: table.catalog, dbSchema: table.dbSchema, table: table.name })}`);
  await prepared.close();
  return prepared.schema;
}

interface ViewRequest {
  readonly name: TableName;
  readonly sql: string;
  readonly replace: boolean;
}

async function createView(engine: Engine, { name, sql, replace }: ViewRequest): Promise<TableInfo> {
  const present = await findTable(engine, name);
  if (present?.kind === 'table') throw new DuckhouseError('AlreadyExists', `${showTable(name)} is a table`, { id: 'table-exists', context: { name: showTable(name) } });
  const prepared = await explained(engine, () => engine.prepare(sql));
  await prepared.close();
  if (prepared.kind !== 'select') throw new DuckhouseError('InvalidArgument', `a view is made from a SELECT, not from ${prepared.kind.toUpperCase()}`);
  await engine.execute(`CREATE ${replace ? 'OR REPLACE ' : ''}VIEW ${quoteTable(name)} AS ${sql}`);
  return describeTable(engine, name);
}

async function drop(engine: Engine, name: TableName, ifExists: boolean): Promise<boolean> {
  const present = await findTable(engine, name);
  if (present === undefined && ifExists) return false;
  if (present === undefined) throw await tableNotFound(engine, name);
  await engine.execute(`DROP ${present.kind.toUpperCase()} ${quoteTable(name)}`);
  return true;
}

/** A view keeps the columns it had when it was made: making it again takes those its files have now. */
async function refresh(engine: Engine, name: TableName): Promise<TableInfo> {
  const present = await describeTable(engine, name);
  if (present.kind === 'table' || present.sql === undefined) return present;
  await engine.execute(present.sql.replace(/^CREATE VIEW/i, 'CREATE OR REPLACE VIEW'));
  return describeTable(engine, name);
}

