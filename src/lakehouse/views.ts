import type { Engine, StatementGuard } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import { mayBeScript, quoteName } from '../sql.ts';
import { quoteTable, showTable } from './names.ts';
import { describeTable, explained, findTable } from './tables.ts';
import type { TableInfo, TableName } from './types.ts';

export interface ViewRequest {
  readonly name: TableName;
  readonly sql: string;
  readonly replace: boolean;
  readonly guard?: StatementGuard | undefined;
}

/** Makes a view from one SELECT; anything else is InvalidArgument, and nothing of it runs. */
export async function createView(engine: Engine, { name, sql, replace, guard }: ViewRequest): Promise<TableInfo> {
  const present = await findTable(engine, name);
  if (present?.kind === 'table') {
    throw new DuckhouseError('AlreadyExists', `${showTable(name)} is a table`, {
      id: 'table-exists',
      context: { name: showTable(name) },
    });
  }
  if (mayBeScript(sql))
    throw new DuckhouseError('InvalidArgument', 'a view is made from one SELECT, not from several statements');
  const prepared = await explained(engine, () => engine.prepare(sql, { guard }));
  await prepared.close();
  if (prepared.kind !== 'select')
    throw new DuckhouseError(
      'InvalidArgument',
      `a view is made from a SELECT, not from ${prepared.kind.toUpperCase()}`,
    );
  await engine.execute(`CREATE ${replace ? 'OR REPLACE ' : ''}VIEW ${quoteTable(name)} AS ${sql}`, { guard });
  return describeTable(engine, name);
}

/** A view keeps the columns it had when it was made: making it again takes those its files have now. */
export async function refreshView(engine: Engine, name: TableName): Promise<TableInfo> {
  const present = await describeTable(engine, name);
  if (present.kind === 'table' || present.sql === undefined) return present;
  const connection = await engine.connect();
  try {
    // The stored text names the schema, not the catalog.
    await connection.execute(`USE ${quoteName(present.catalog, present.dbSchema)}`);
    await connection.execute(present.sql.replace(/^CREATE VIEW/i, 'CREATE OR REPLACE VIEW'));
  } finally {
    await connection.close();
  }
  return describeTable(engine, name);
}
