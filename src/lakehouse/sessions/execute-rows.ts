import { type ArrowSchema, decodeSchema } from '../../arrow/index.ts';
import type { ArrowParams, Connection, LoadMessage, QueryOptions } from '../../engine/index.ts';
import { DuckhouseError, isDuckhouseError } from '../../errors.ts';
import { quoteLiteral, quoteName } from '../../sql.ts';
import { queryRows } from '../rows.ts';
import { type ChangeFrom, changeFrom } from './change-rows.ts';
import { insertFrom } from './insert-rows.ts';

export interface RowsToExecute {
  readonly sql: string;
  readonly params: ArrowParams;
  readonly options: QueryOptions;
}

/**
 * Runs a statement for each row of its parameters: a plain INSERT, UPDATE or DELETE takes them all at once where that comes
 * to the same, anything else one by one.
 */
export async function executeRows(connection: Connection, rows: RowsToExecute): Promise<number> {
  const { sql, params, options } = rows;
  const atOnce = wayAtOnce(sql, decodeSchema(params.schema));
  const done =
    atOnce === undefined || !(await isInCurrentCatalog(connection, sql))
      ? undefined
      : await connection.tracked(sql, options, () => tryAtOnce(connection, rows, atOnce));
  return done ?? connection.executeMany(sql, params, options);
}

/** Undefined where the rows have to go in one by one. */
async function tryAtOnce(connection: Connection, rows: RowsToExecute, atOnce: AtOnce): Promise<number | undefined> {
  const { guard, signal } = rows.options;
  try {
    // The statement as it was given is what the guard is asked about.
    if (guard !== undefined) await (await connection.prepare(rows.sql, { guard, signal })).close();
    return await atOnce(connection, rows);
  } catch (error) {
    if (isDuckhouseError(error) && error.id === notAtOnce) return undefined;
    throw error;
  }
}

type AtOnce = (connection: Connection, rows: RowsToExecute) => Promise<number>;

const qualifier = /^\s*(?:insert\s+into|update|delete\s+from)\s+("(?:[^"]|"")+"|\w+)\s*\./i;

/** The rows come in through a view of the current catalog, and one transaction writes to one database only. */
async function isInCurrentCatalog(connection: Connection, sql: string): Promise<boolean> {
  const first = qualifier.exec(sql)?.[1];
  if (first === undefined) return true;
  const name = first.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');
  const [found] = await queryRows(
    connection,
    `SELECT count(*) AS others FROM duckdb_databases()
     WHERE lower(database_name) = lower(${quoteLiteral(name)}) AND database_name <> current_catalog()`,
  );
  return found?.others === 0n;
}

function wayAtOnce(sql: string, schema: ArrowSchema): AtOnce | undefined {
  if (insertFrom(sql, schema, 'rows') !== undefined) return insertAtOnce;
  return changeFrom(sql, schema, 'rows') === undefined ? undefined : changeAtOnce;
}

/** Never told to anybody: the rows go in one by one instead. */
const notAtOnce = 'not-at-once';
const oneByOne = (cause?: unknown): DuckhouseError =>
  new DuckhouseError('Unsupported', 'the rows go in one by one', { id: notAtOnce, cause });

let lastRows = 0;

async function changeAtOnce(connection: Connection, { sql, params, options }: RowsToExecute): Promise<number> {
  const source = `duckhouse_rows_${++lastRows}`;
  const schema = decodeSchema(params.schema);
  const change = changeFrom(sql, schema, quoteName('temp', 'main', source)) as ChangeFrom;
  await checkIndependent(connection, change);
  const { signal } = options;
  await connection.registerArrow(source, params.schema, messagesOf(params));
  try {
    await checkPrepares(connection, change.change);
    if (change.check !== undefined) {
      await checkPrepares(connection, change.check);
      if ((await queryRows(connection, change.check))[0]?.once !== true) throw oneByOne();
    }
    return await connection.execute(change.change, { signal });
  } finally {
    await connection.execute(`DROP TABLE ${quoteName('temp', 'main', source)}`).catch(() => undefined); // gone with a failed transaction
  }
}

async function* messagesOf({ messages }: ArrowParams): AsyncGenerator<LoadMessage> {
  yield* messages;
}

async function checkPrepares(connection: Connection, sql: string): Promise<void> {
  try {
    await (await connection.prepare(sql)).close();
  } catch (error) {
    throw oneByOne(error);
  }
}

/** Rows that a key binds to each other are changed one after the other: which of them fails depends on the order. */
async function checkIndependent(connection: Connection, { table, sets }: ChangeFrom): Promise<void> {
  const name = quoteLiteral(table.toLowerCase());
  const set = `[${sets.map(quoteLiteral).join(', ')}]::VARCHAR[]`;
  const [found] = await queryRows(
    connection,
    `SELECT
       (SELECT count(*) FROM duckdb_constraints() WHERE lower(table_name) = ${name} AND
         ((constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND list_has_any(list_transform(constraint_column_names, lambda c: lower(c)), ${set}))
           OR lower(referenced_table) = ${name})) +
       (SELECT count(*) FROM duckdb_indexes() WHERE lower(table_name) = ${name} AND is_unique AND len(${set}) > 0) AS bonds`,
  );
  if (found?.bonds !== 0n) throw oneByOne();
}

async function insertAtOnce(connection: Connection, { sql, params, options }: RowsToExecute): Promise<number> {
  const load = await connection.load({
    schema: params.schema,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    async statement(source, schema) {
      const insert = insertFrom(sql, schema, source) as string;
      await checkPrepares(connection, insert);
      return insert;
    },
  });
  try {
    for (const message of params.messages) await load.write(message);
    return (await load.finish()).rows;
  } catch (error) {
    await load.abort();
    throw error;
  }
}
