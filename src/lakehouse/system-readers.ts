import type { Connection } from '../engine/index.ts';
import { systemCatalog } from './names.ts';
import { queryRows } from './rows.ts';

const catalogPattern = new RegExp(systemCatalog, 'i');
/** SQL that is put together only when it runs may name anything. */
const dynamic =
  /\b(?:query|query_table|json_execute_serialized_sql)"?(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*\*\/)*\(|\bimport\s+database\b/i;
const made =
  /\b(?:view|macro|function|prepare|rename\s+to)\s+(?:if\s+not\s+exists\s+)?(?:(?:"(?:[^"]|"")+"|\w+)\s*\.\s*){0,2}("(?:[^"]|"")+"|\w+)/gi;
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

export interface SystemReaders {
  /** Whether SQL may read the system tables: it names their database, or a view, macro or prepared statement over them, or does not tell. */
  reads(sql: string, catalog: string): boolean;
  add(names: readonly string[]): void;
}

/** Views and macros that come later are known by the SQL that makes them, which is asked about first. */
export function systemReaders(names: readonly string[] = []): SystemReaders {
  const known = new Set(names.map((name) => name.toLowerCase()));
  const patternOf = (): RegExp | undefined =>
    known.size === 0 ? undefined : new RegExp(`(?<!\\w)(?:${[...known].map(escaped).join('|')})(?!\\w)`, 'i');
  let pattern = patternOf();
  const learn = (sql: string): void => {
    const before = known.size;
    for (const [, name = ''] of sql.matchAll(made))
      known.add(
        name
          .replace(/^"(.*)"$/s, '$1')
          .replaceAll('""', '"')
          .toLowerCase(),
      );
    if (known.size > before) pattern = patternOf();
  };
  return {
    reads(sql, catalog) {
      const reads =
        catalog.toLowerCase() === systemCatalog ||
        catalogPattern.test(sql) ||
        dynamic.test(sql) ||
        pattern?.test(sql) === true;
      if (reads) learn(sql);
      return reads;
    },
    add(more) {
      for (const name of more) known.add(name.toLowerCase());
      pattern = patternOf();
    },
  };
}

/** Views and macros over the system tables, over each other too, that an earlier run of the server left. */
export async function definedOver(connection: Connection): Promise<string[]> {
  const rows = await queryRows(
    connection,
    `SELECT view_name AS name, sql FROM duckdb_views() WHERE NOT internal
     UNION ALL SELECT function_name, macro_definition FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL`,
    { unwatched: true },
  );
  const known = new Set<string>();
  for (let before = -1; before < known.size; ) {
    before = known.size;
    const { reads } = systemReaders([...known]);
    for (const { name, sql } of rows) if (reads(String(sql), '')) known.add(String(name));
  }
  return [...known];
}
