import type { Connection, Engine } from '../../engine/index.ts';
import { DuckhouseError, isDuckhouseError } from '../../errors.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import { readTable } from '../adapter/table.ts';

export interface RelationName {
  readonly database: string | null;
  readonly schema: string | null;
  readonly identifier: string;
}

/** `"database"."schema"."identifier"`. */
export const quotedName = ({ database, schema, identifier }: RelationName): string =>
  [database, schema, identifier].flatMap((part) => (part === null ? [] : [quoteIdentifier(part)])).join('.');

export const nameKey = (name: RelationName): string => quotedName(name).toLowerCase();

export interface ShadowColumn {
  readonly name: string;
  /** As DuckDB writes it. */
  readonly type: string;
}

/**
 * A DuckDB of its own, in memory, that holds empty tables by the names of the real ones: queries are bound against
 * them, nothing is read. It opens no files, loads no extensions and is gone when it is closed.
 */
export interface Shadow {
  /** Makes empty tables. Those whose types are not known here are left out; resolves with what was made. */
  addTables(
    tables: readonly { readonly name: RelationName; readonly columns: readonly ShadowColumn[] }[],
  ): Promise<ReadonlySet<string>>;
  /** Binds queries one after the other; each that DuckDB takes becomes an empty table of its name. The errors of the others. */
  bind(
    queries: readonly { readonly name: RelationName; readonly sql: string }[],
  ): Promise<readonly (DuckhouseError | undefined)[]>;
  /** DuckDB's bound plan of a query, as JSON; undefined when it has none. */
  plan(sql: string): Promise<string | undefined>;
  /** Of a table by its quoted name. */
  columnsOf(name: string): Promise<readonly ShadowColumn[]>;
  close(): Promise<void>;
}

export interface ShadowOptions {
  /** Name of the database that unqualified names mean. */
  readonly database: string;
  /** Settings that change how queries are bound. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whose threads it uses. */
  readonly engine: Engine;
}

/** What stands before a query that becomes a table: positions in errors count from its start. */
const head = (name: string): string => `CREATE OR REPLACE TABLE ${name} AS (\n`;
const statementOf = (name: string, sql: string): string => `${head(name)}${sql}\n) WITH NO DATA`;

/** Statements that are sent at once. */
const chunkSize = 100;

export async function openShadow({ database, settings, engine: host }: ShadowOptions): Promise<Shadow> {
  const engine = await host.openBeside({
    database: ':memory:',
    settings: { threads: '1', enable_external_access: 'false', memory_limit: '512MB' },
  });
  let connection: Connection | undefined;
  try {
    connection = await engine.connect();
    await useDatabase(connection, database);
    for (const [name, value] of Object.entries(settings))
      await connection.execute(`SET ${name} = ${quoteLiteral(value)}`);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return shadowOn(connection, () => engine.close());
}

const attachText = (database: string): string =>
  ['memory', 'temp', 'system'].includes(database.toLowerCase())
    ? ''
    : `ATTACH IF NOT EXISTS ':memory:' AS ${quoteIdentifier(database)};`;

async function useDatabase(connection: Connection, database: string): Promise<void> {
  await connection.execute(`${attachText(database)} USE ${quoteIdentifier(database)}`);
}

function shadowOn(connection: Connection, closeEngine: () => Promise<void>): Shadow {
  const places = new Set<string>();
  const makePlaces = async (names: readonly RelationName[]): Promise<void> => {
    const missing = new Map(
      names.flatMap(({ database, schema }) => {
        const place = JSON.stringify([database?.toLowerCase(), schema?.toLowerCase()]);
        return database === null || schema === null || places.has(place) ? [] : [[place, { database, schema }]];
      }),
    );
    for (const [place, { database, schema }] of missing) {
      await connection.execute(
        `${attachText(database)} CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(database)}.${quoteIdentifier(schema)}`,
      );
      places.add(place);
    }
  };
  const one = async (sql: string): Promise<DuckhouseError | undefined> => {
    try {
      await connection.execute(sql);
      return undefined;
    } catch (error) {
      if (isDuckhouseError(error)) return error;
      throw error;
    }
  };
  /** All at once; one by one when some of them fail. */
  const all = async (statements: readonly string[]): Promise<(DuckhouseError | undefined)[]> => {
    const errors: (DuckhouseError | undefined)[] = [];
    for (let at = 0; at < statements.length; at += chunkSize) {
      const chunk = statements.slice(at, at + chunkSize);
      const failed = chunk.length > 1 ? await one(`BEGIN;${chunk.join(';')};COMMIT`) : true;
      if (failed === undefined) errors.push(...chunk.map(() => undefined));
      else {
        if (chunk.length > 1) await one('ROLLBACK');
        for (const statement of chunk) errors.push(await one(statement));
      }
    }
    return errors;
  };
  return {
    async addTables(tables) {
      await makePlaces(tables.map(({ name }) => name));
      const errors = await all(
        tables.map(({ name, columns }) => {
          const list = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`).join(', ');
          return `CREATE OR REPLACE TABLE ${quotedName(name)} (${list})`;
        }),
      );
      return new Set(tables.flatMap(({ name }, i) => (errors[i] === undefined ? [nameKey(name)] : [])));
    },
    async bind(queries) {
      await makePlaces(queries.map(({ name }) => name));
      const errors = await all(queries.map(({ name, sql }) => statementOf(quotedName(name), sql)));
      return queries.map(({ name }, i) => relocated(errors[i], head(quotedName(name))));
    },
    async plan(sql) {
      const result = await connection.query(`SELECT json_serialize_plan(${quoteLiteral(sql)}, ${sparse})`);
      const [[text] = []] = (await readTable(result)).rows;
      return typeof text === 'string' ? text : undefined;
    },
    async columnsOf(name) {
      const { rows } = await readTable(await connection.query(`DESCRIBE ${name}`));
      return rows.map((row) => ({ name: String(row[0]), type: String(row[1]) }));
    },
    async close() {
      await connection.close();
      await closeEngine();
    },
  };
}

// Empty objects must stay: in a list of columns they stand for the first one.
const sparse = 'skip_null := true, skip_default := true';

/** The error with its place counted from the start of the query. */
function relocated(error: DuckhouseError | undefined, before: string): DuckhouseError | undefined {
  const position = error?.context.position;
  if (error === undefined || typeof position !== 'number') return error;
  const { line: _line, column: _column, ...context } = error.context;
  const moved = { ...context, position: Math.max(0, position - Buffer.byteLength(before)) };
  return new DuckhouseError(error.kind, error.message, { context: moved, cause: error });
}
