import { createKeyedLock } from '../concurrency.ts';
import type { Engine } from '../engine/index.ts';
import { findEntry } from './ledger.ts';
import { quoteTable } from './names.ts';
import { put } from './put.ts';
import { currentCatalog, describeTable, explained, findTable, listTables, tableNotFound } from './tables.ts';
import type { DropOptions, Lakehouse, TableName } from './types.ts';
import { createView, refreshView } from './views.ts';

/** The lakehouse over an open engine; closing it closes the engine. */
export async function openLakehouse({ engine }: { readonly engine: Engine }): Promise<Lakehouse> {
  const context = { engine, locks: createKeyedLock() };
  return {
    engine,
    catalog: await currentCatalog(engine),
    query: (sql, options) => explained(engine, () => engine.query(sql, options)),
    prepare: (sql, options) => explained(engine, () => engine.prepare(sql, options)),
    put: (request) => put(context, request),
    findLoad: (loadId) => findEntry(engine, loadId),
    listTables: () => listTables(engine),
    describeTable: (name) => describeTable(engine, name),
    schemaOf: (name) => schemaOf(engine, name),
    createView: (name, sql, options) => createView(engine, { name, sql, ...options }),
    drop: (name, options) => drop(engine, name, options),
    refresh: (name) => refreshView(engine, name),
    progress: (queryId) => engine.progress(queryId),
    cancel: (queryId) => engine.cancel(queryId),
    close: () => engine.close(),
  };
}

async function schemaOf(engine: Engine, name: TableName) {
  const table = await describeTable(engine, name);
  const prepared = await engine.prepare(
    `SELECT * FROM ${quoteTable({ catalog: table.catalog, dbSchema: table.dbSchema, table: table.name })}`,
  );
  await prepared.close();
  return prepared.schema;
}

async function drop(engine: Engine, name: TableName, { ifExists, guard }: DropOptions): Promise<boolean> {
  const present = await findTable(engine, name);
  if (present === undefined && ifExists) return false;
  if (present === undefined) throw await tableNotFound(engine, name);
  await engine.execute(`DROP ${present.kind.toUpperCase()} ${quoteTable(name)}`, { guard });
  return true;
}
