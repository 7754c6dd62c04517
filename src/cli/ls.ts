import { type CommandContext, note, write } from './effects.ts';
import { openTarget } from './open-target.ts';
import { formatTable, wholeCells } from './output/table.ts';
import type { Target } from './target.ts';

export async function lsCommand(context: CommandContext, { json }: { readonly json: boolean }): Promise<void> {
  const target = await openTarget(context.config, { create: false });
  try {
    await listTables(context, target, json);
  } finally {
    await target.close();
  }
}

/** Prints the tables and views: schema `main` is left out of their names. */
export async function listTables(context: CommandContext, target: Target, json: boolean): Promise<void> {
  const { stdout, translator } = context;
  const tables = await target.listTables();
  if (json) return write(stdout, `${JSON.stringify(tables)}\n`);
  if (tables.length === 0) return note(context, translator.t('tables.none'));
  const columns = (['table.name', 'table.kind', 'table.rows', 'table.columns'] as const).map((id) => ({
    name: translator.t(id),
    type: undefined,
    right: id === 'table.rows' || id === 'table.columns',
  }));
  const rows = tables.map(({ dbSchema, name, kind, rows: count, columns: all }) => [
    dbSchema === 'main' ? name : `${dbSchema}.${name}`,
    translator.t(`kind.${kind}`),
    count === undefined ? '' : translator.number(count),
    translator.number(all.length),
  ]);
  await write(stdout, formatTable(columns, rows, stdout.columns ?? wholeCells));
}

export async function describeCommand(
  context: CommandContext,
  { table, json }: { readonly table: string; readonly json: boolean },
): Promise<void> {
  const { stdout, translator } = context;
  const target = await openTarget(context.config, { create: false });
  try {
    const info = await target.describeTable(table);
    if (json) return await write(stdout, `${JSON.stringify(info)}\n`);
    const columns = (['table.column', 'table.type', 'table.nullable'] as const).map((id) => ({
      name: translator.t(id),
      type: undefined,
      right: false,
    }));
    await write(
      stdout,
      formatTable(
        columns,
        info.columns.map(({ name, type, nullable }) => [name, type, translator.t(nullable ? 'yes' : 'no')]),
        stdout.columns ?? wholeCells,
      ),
    );
    if (info.rows !== undefined) await write(stdout, `${translator.plural('rows.all', info.rows)}\n`);
  } finally {
    await target.close();
  }
}
