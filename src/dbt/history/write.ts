import type { Connection } from '../../engine/index.ts';
import { quoteLiteral } from '../../sql.ts';
import { readTable } from '../adapter/table.ts';
import { failureText } from '../context/template-errors.ts';
import { isConflict, type RunSession } from '../run/session.ts';
import { type Ending, freshnessRows, hashOf, lineageRows, projectRows, resultRows, runRow } from './rows.ts';
import {
  creationText,
  type HistoryRow,
  type HistoryTable,
  historyTables,
  mayKeepTables,
  projectTables,
  tableName,
} from './tables.ts';
import { adaptTables, prune } from './upkeep.ts';

/** Commands that are kept in mind: those that build, test or look at data. */
const kept = new Set([
  'build',
  'run',
  'test',
  'seed',
  'snapshot',
  'clone',
  'source',
  'freshness',
  'docs',
  'generate',
  'lineage',
]);

const tries = 5;

/**
 * Adds an invocation to the tables `_duckhouse.dbt_*` of the project's database, in one transaction. It never fails
 * the command: what could not be written is said in the log file.
 */
export async function writeHistory(session: RunSession, ending: Ending): Promise<void> {
  const { flags, database, log } = session;
  const { credentials } = database;
  if (!flags.history || !kept.has(flags.which) || credentials.database === '' || credentials.path === ':memory:')
    return;
  try {
    for (let attempt = 1; ; attempt++) {
      const connection = await (database.engine.unguarded ?? database.engine).connect();
      try {
        await writeOnce(session, { connection, database: credentials.database, ending });
        return;
      } catch (error) {
        await connection.execute('ROLLBACK').catch(() => undefined); // undone already, or not begun
        if (!isConflict(error) || attempt >= tries) throw error;
      } finally {
        await connection.close();
      }
    }
  } catch (error) {
    log.fire({
      name: 'HistoryNotWritten',
      level: 'debug',
      msg: `History not written: ${failureText(error, undefined)}`,
    });
  }
}

interface Writing {
  readonly connection: Connection;
  readonly database: string;
  readonly ending: Ending;
}

async function writeOnce(session: RunSession, { connection, database, ending }: Writing): Promise<void> {
  if (!(await mayKeepTables(connection, database))) return;
  await connection.execute('BEGIN');
  const setAside = await adaptTables({ connection, database });
  await connection.execute(creationText(database));
  const hash = await keepProject(session, { connection, database, isNew: setAside.length > 0 });
  await insert(connection, tableName(database, 'dbt_runs'), 'dbt_runs', [runRow(session, ending, hash)]);
  await insert(connection, tableName(database, 'dbt_results'), 'dbt_results', resultRows(session));
  await insert(connection, tableName(database, 'dbt_freshness'), 'dbt_freshness', freshnessRows(session));
  await replaceLineage(session, { connection, database, rows: lineageRows(session) });
  await prune({ connection, database }, session.parsed.project.name, session.flags.historyKeep);
  await connection.execute('COMMIT');
}

/** Whether a command is about everything, not about what somebody chose. */
const isWhole = ({ flags: { args } }: RunSession): boolean =>
  [args.select, args.exclude, args.selector, args.resource_types, args.macro].every(
    (given) => [given ?? []].flat().length === 0,
  );

/**
 * Makes the tables say what the project is, where that has changed; its digest. Only commands about everything look:
 * in a large project that takes longer than running one model.
 */
async function keepProject(
  session: RunSession,
  { connection, database, isNew }: Omit<Replacing, 'rows'> & { readonly isNew: boolean },
): Promise<string | null> {
  const last = isNew ? undefined : await lastHash(session, connection, database);
  if (last !== undefined && !isWhole(session)) return null;
  const rows = projectRows(session);
  const hash = hashOf([...rows]);
  if (last !== hash) await replaceProject(session, { connection, database, rows });
  return hash;
}

/** Of the project as its tables have it. */
async function lastHash({ parsed }: RunSession, connection: Connection, database: string): Promise<unknown> {
  const result = await connection.query(
    `SELECT manifest_hash FROM ${tableName(database, 'dbt_runs')} WHERE project = ${quoteLiteral(parsed.project.name)}
     AND manifest_hash IS NOT NULL ORDER BY started_at DESC LIMIT 1`,
  );
  return (await readTable(result)).rows[0]?.[0];
}

/** Of the nodes whose lineage was read this time. */
async function replaceLineage(
  session: RunSession,
  { connection, database, rows }: Omit<Replacing, 'rows'> & { readonly rows: readonly HistoryRow[] },
): Promise<void> {
  const { parsed, lineage } = session;
  if (lineage === undefined) return;
  const name = tableName(database, 'dbt_column_lineage');
  const ids = [...lineage.nodes.keys(), ...lineage.unknown.keys()].map(quoteLiteral);
  if (ids.length === 0) return;
  const which = isWhole(session) ? '' : ` AND unique_id IN (${ids.join(', ')})`;
  await connection.execute(`DELETE FROM ${name} WHERE project = ${quoteLiteral(parsed.project.name)}${which}`);
  await insert(connection, name, 'dbt_column_lineage', rows);
}

interface Replacing {
  readonly connection: Connection;
  readonly database: string;
  readonly rows: ReadonlyMap<HistoryTable, readonly HistoryRow[]>;
}

async function replaceProject({ parsed }: RunSession, { connection, database, rows }: Replacing): Promise<void> {
  for (const table of projectTables) {
    const name = tableName(database, table);
    await connection.execute(`DELETE FROM ${name} WHERE project = ${quoteLiteral(parsed.project.name)}`);
    await insert(connection, name, table, rows.get(table) ?? []);
  }
}

/** All rows at once, as one JSON text. */
export async function insert(
  connection: Connection,
  name: string,
  table: HistoryTable,
  rows: readonly HistoryRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.entries(historyTables[table]);
  const shape = JSON.stringify(
    Object.fromEntries(columns.map(([column, type]) => [column, /^(VARCHAR\[\]|JSON)$/.test(type) ? 'VARCHAR' : type])),
  );
  const list = columns.map(([column, type]) =>
    type === 'VARCHAR[]' ? `from_json(r.${column}, '["VARCHAR"]')` : `r.${column}`,
  );
  await connection.execute(
    `INSERT INTO ${name} (${columns.map(([column]) => column).join(', ')})
     SELECT ${list.join(', ')} FROM (SELECT unnest(from_json(?::JSON, ${quoteLiteral(`[${shape}]`)})) AS r)`,
    { params: [JSON.stringify(rows)] },
  );
}
