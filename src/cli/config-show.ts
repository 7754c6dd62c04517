import { shownSettings } from '../config/index.ts';
import { type CommandContext, write } from './effects.ts';
import { formatTable, wholeCells } from './output/table.ts';

/** `duckhouse config show`: each setting, secrets masked, with its origin when asked for. */
export async function configShowCommand(
  { config, stdout, translator }: CommandContext,
  { origin, json }: { readonly origin: boolean; readonly json: boolean },
): Promise<void> {
  const rows = shownSettings(config).map(({ name, value = '', origin: from = '' }) => ({ name, value, origin: from }));
  if (json)
    return write(
      stdout,
      `${JSON.stringify(Object.fromEntries(rows.map((row) => [row.name, { value: row.value === '' ? null : row.value, origin: row.origin === '' ? null : row.origin }])))}\n`,
    );
  const heads = [
    translator.t('table.setting'),
    translator.t('table.value'),
    ...(origin ? [translator.t('table.origin')] : []),
  ];
  await write(
    stdout,
    formatTable(
      heads.map((name) => ({ name, type: undefined, right: false })),
      rows.map((row) => [row.name, row.value, ...(origin ? [row.origin] : [])]),
      wholeCells,
    ),
  );
}
