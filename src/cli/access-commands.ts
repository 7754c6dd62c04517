import { Option } from 'commander';
import type { Translator } from '../messages/index.ts';
import type { CommandAdder } from './command-adder.ts';

const roles = ['reader', 'writer', 'admin'] as const;
type Role = (typeof roles)[number];

/** `duckhouse user ...`: they work on the users file of the workspace, which a running server reads again. */
export function addUserCommands(add: CommandAdder, { t }: Translator): void {
  const role = (): Option => new Option('--role <role>', t('option.role')).choices([...roles]).default('reader');
  add('add <name>', 'command.user.add', [], async (context, flags, [name]) =>
    (await import('./user.ts')).userAddCommand(context, {
      name: name as string,
      role: flags.role as Role,
      certificate: flags.certificate === true,
      json: flags.json === true,
    }),
  )
    .addOption(role())
    .option('--certificate', t('option.certificate'))
    .option('--json', t('option.json'));
  add('passwd <name>', 'command.user.passwd', [], async (context, flags, [name]) =>
    (await import('./user.ts')).userPasswordCommand(context, { name: name as string, json: flags.json === true }),
  ).option('--json', t('option.json'));
  add('list', 'command.user.list', [], async (context, flags) =>
    (await import('./user.ts')).userListCommand(context, { json: flags.json === true }),
  ).option('--json', t('option.json'));
  add('remove <name>', 'command.user.remove', [], async (context, flags, [name]) =>
    (await import('./user.ts')).userRemoveCommand(context, { name: name as string, json: flags.json === true }),
  ).option('--json', t('option.json'));
}

/** `duckhouse token ...` */
export function addTokenCommands(add: CommandAdder, { t }: Translator): void {
  add('create <name>', 'command.token.create', [], async (context, flags, [name]) =>
    (await import('./token.ts')).tokenCreateCommand(context, {
      name: name as string,
      role: flags.role as Role,
      days: flags.days as string | undefined,
      json: flags.json === true,
    }),
  )
    .addOption(new Option('--role <role>', t('option.role')).choices([...roles]).default('reader'))
    .option('--days <days>', t('option.days'))
    .option('--json', t('option.json'));
  add('list', 'command.token.list', [], async (context, flags) =>
    (await import('./token.ts')).tokenListCommand(context, { json: flags.json === true }),
  ).option('--json', t('option.json'));
  add('revoke <id>', 'command.token.revoke', [], async (context, flags, [id]) =>
    (await import('./token.ts')).tokenRevokeCommand(context, { id: id as string, json: flags.json === true }),
  ).option('--json', t('option.json'));
}
