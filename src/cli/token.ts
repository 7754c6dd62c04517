import { createApiToken, type Principal, readAccounts, revokeApiToken, updateAccounts } from '../access/index.ts';
import { DuckhouseError } from '../errors.ts';
import { type CommandContext, note, write } from './effects.ts';
import { formatTable, wholeCells } from './output/table.ts';
import { report } from './user.ts';

export interface TokenCreateOptions {
  readonly name: string;
  readonly role: Principal['role'];
  readonly days: string | undefined;
  readonly json: boolean;
}

/** `duckhouse token create`: the token is printed once, on standard output; only its hash is kept. */
export async function tokenCreateCommand(context: CommandContext, options: TokenCreateOptions): Promise<void> {
  const { name, role, json } = options;
  const days = options.days === undefined ? undefined : Number(options.days);
  if (days !== undefined && !(days > 0))
    throw new DuckhouseError('InvalidArgument', `--days must be more than 0, not ${options.days}`, {
      id: 'config-value',
      context: { origin: '--days', name: 'days', expected: '> 0', value: options.days },
    });
  const { token, text, addTo } = createApiToken({ name, role, days });
  await updateAccounts(context.config.usersFile, addTo);
  const { id, createdAt, expiresAt } = token;
  if (json)
    return write(
      context.stdout,
      `${JSON.stringify({ id, name, role, token: text, createdAt, expiresAt: expiresAt ?? null })}\n`,
    );
  await note(context, context.translator.t('token.created', { id }));
  await write(context.stdout, `${text}\n`);
}

export async function tokenListCommand(context: CommandContext, { json }: { readonly json: boolean }): Promise<void> {
  const { stdout, translator } = context;
  const { tokens } = readAccounts(context.config.usersFile);
  const shown = tokens.map(({ id, name, role, createdAt, expiresAt = null }) => ({
    id,
    name,
    role,
    createdAt,
    expiresAt,
  }));
  if (json) return write(stdout, `${JSON.stringify(shown)}\n`);
  if (shown.length === 0) return note(context, translator.t('token.none'));
  const heads = (['table.id', 'table.name', 'table.role', 'table.expires'] as const).map((id) => ({
    name: translator.t(id),
    type: undefined,
    right: false,
  }));
  const rows = shown.map(({ id, name, role, expiresAt }) => [id, name, role, expiresAt ?? translator.t('never')]);
  await write(stdout, formatTable(heads, rows, stdout.columns ?? wholeCells));
}

export async function tokenRevokeCommand(
  context: CommandContext,
  { id, json }: { readonly id: string; readonly json: boolean },
): Promise<void> {
  await updateAccounts(context.config.usersFile, (now) => revokeApiToken(now, id));
  await report(context, { json, done: context.translator.t('token.revoked', { id }), value: { id } });
}
