import {
  addUser,
  changePassword,
  type Principal,
  readAccounts,
  removeUser,
  type User,
  updateAccounts,
} from '../access/index.ts';
import { DuckhouseError } from '../errors.ts';
import { type CommandContext, note, write } from './effects.ts';
import { formatTable, wholeCells } from './output/table.ts';
import { readPassword } from './secret-input.ts';

export interface UserAddOptions {
  readonly name: string;
  readonly role: Principal['role'];
  /** Without a password: the user comes with a certificate of that name. */
  readonly certificate: boolean;
  readonly json: boolean;
}

/** `duckhouse user add`: the password comes from the terminal or from standard input. */
export async function userAddCommand(context: CommandContext, options: UserAddOptions): Promise<void> {
  const { name, role, certificate, json } = options;
  const { usersFile } = context.config;
  const accounts = readAccounts(usersFile);
  if (accounts.users.some((user) => user.name === name)) await addUser(accounts, { name, role }); // says that it exists, before a password is asked for
  const password = certificate ? undefined : await askPassword(context, name);
  await updateAccounts(usersFile, (now) => addUser(now, { name, role, password }));
  await report(context, { json, done: context.translator.t('user.added', { name, role }), value: { name, role } });
}

export async function userPasswordCommand(
  context: CommandContext,
  { name, json }: { readonly name: string; readonly json: boolean },
): Promise<void> {
  const { usersFile } = context.config;
  removeUser(readAccounts(usersFile), name); // says that there is none, before a password is asked for
  const password = await askPassword(context, name);
  await updateAccounts(usersFile, (now) => changePassword(now, name, password));
  await report(context, { json, done: context.translator.t('user.changed', { name }), value: { name } });
}

export async function userRemoveCommand(
  context: CommandContext,
  { name, json }: { readonly name: string; readonly json: boolean },
): Promise<void> {
  await updateAccounts(context.config.usersFile, (now) => removeUser(now, name));
  await report(context, { json, done: context.translator.t('user.removed', { name }), value: { name } });
}

export async function userListCommand(context: CommandContext, { json }: { readonly json: boolean }): Promise<void> {
  const { stdout, translator } = context;
  const { users } = readAccounts(context.config.usersFile);
  const shown = users.map(({ name, role, passwordHash, createdAt, changedAt }: User) => ({
    name,
    role,
    password: passwordHash !== undefined,
    createdAt,
    changedAt,
  }));
  if (json) return write(stdout, `${JSON.stringify(shown)}\n`);
  if (shown.length === 0) return note(context, translator.t('user.none'));
  const heads = (['table.name', 'table.role', 'table.password', 'table.changed'] as const).map((id) => ({
    name: translator.t(id),
    type: undefined,
    right: false,
  }));
  const rows = shown.map(({ name, role, password, changedAt }) => [
    name,
    role,
    translator.t(password ? 'yes' : 'no'),
    changedAt,
  ]);
  await write(stdout, formatTable(heads, rows, stdout.columns ?? wholeCells));
}

/** Typed twice in a terminal, read once from elsewhere. */
async function askPassword(context: CommandContext, name: string): Promise<string> {
  const { translator, stdin } = context;
  const password = await readPassword(context, translator.t('user.password', { name }));
  if (stdin.isTTY !== true || (await readPassword(context, translator.t('user.again'))) === password) return password;
  throw new DuckhouseError('InvalidArgument', 'the passwords differ', { id: 'passwords-differ' });
}

/** A line for people, or an object for programs. */
export function report(
  context: CommandContext,
  { json, done, value }: { readonly json: boolean; readonly done: string; readonly value: object },
): Promise<void> {
  return json ? write(context.stdout, `${JSON.stringify(value)}\n`) : note(context, done);
}
