/** Keeps the tables of runs in the shape they have now, and as long as they may be. */
import type { Connection } from '../../engine/index.ts';
import { quoteLiteral } from '../../sql.ts';
import { readTable } from '../adapter/table.ts';
import { type HistoryTable, historySchema, historyTables, tableName } from './tables.ts';

interface Place {
  readonly connection: Connection;
  readonly database: string;
}

/**
 * Tables of another shape: columns they lack are added, empty in the rows there are; one whose columns are of other
 * types is kept under another name, for a new one to be made. The names of those.
 */
export async function adaptTables({ connection, database }: Place): Promise<HistoryTable[]> {
  const found = await columnsOf({ connection, database });
  const set: HistoryTable[] = [];
  for (const [table, wanted] of Object.entries(historyTables) as [HistoryTable, Readonly<Record<string, string>>][]) {
    const columns = found.get(table);
    if (columns === undefined) continue;
    const missing = Object.entries(wanted).filter(([name]) => !columns.has(name));
    const isOther = Object.entries(wanted).some(([name, type]) => sameType(columns.get(name) ?? type, type) === false);
    if (isOther) {
      await connection.execute(`ALTER TABLE ${tableName(database, table)} RENAME TO ${freeName(table, found)}`);
      set.push(table);
    } else
      for (const [name, type] of missing)
        await connection.execute(`ALTER TABLE ${tableName(database, table)} ADD COLUMN ${name} ${type}`);
  }
  return set;
}

type Columns = ReadonlyMap<string, ReadonlyMap<string, string>>;

async function columnsOf({ connection, database }: Place): Promise<Columns> {
  const result = await connection.query(
    `SELECT table_name, column_name, data_type FROM duckdb_columns()
     WHERE lower(database_name) = lower(${quoteLiteral(database)}) AND schema_name = '${historySchema}'`,
  );
  const found = new Map<string, Map<string, string>>();
  for (const [table, column, type] of (await readTable(result)).rows.map((row) => row.map(String))) {
    const columns = found.get(table as string) ?? new Map<string, string>();
    found.set(table as string, columns.set(column as string, type as string));
  }
  return found;
}

const longNames: Readonly<Record<string, string>> = { TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE' };
const sameType = (a: string, b: string): boolean => a === b || a === longNames[b];

function freeName(table: string, taken: Columns): string {
  for (let at = 1; ; at++) if (!taken.has(`${table}_old${at}`)) return `${table}_old${at}`;
}

/** Forgets the invocations of a project before its last ones; 0 keeps all. */
export async function prune({ connection, database }: Place, project: string, keep: number): Promise<void> {
  if (keep <= 0) return;
  const runs = tableName(database, 'dbt_runs');
  const old = `SELECT invocation_id FROM ${runs} WHERE project = ${quoteLiteral(project)} ORDER BY started_at DESC, invocation_id OFFSET ${keep}`;
  const { rows } = await readTable(await connection.query(`SELECT count(*) FROM (${old})`));
  if (Number(rows[0]?.[0]) === 0) return;
  for (const table of ['dbt_results', 'dbt_freshness', 'dbt_runs'] as const)
    await connection.execute(`DELETE FROM ${tableName(database, table)} WHERE invocation_id IN (${old})`);
}
