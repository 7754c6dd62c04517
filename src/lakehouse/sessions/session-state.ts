import type { Connection, StatementKind } from '../../engine/index.ts';
import { mayBeScript } from '../../sql.ts';
import { queryRows } from '../rows.ts';

/** What every connection of a session starts with. */
export interface SessionState {
  readonly catalog: string;
  readonly dbSchema: string;
  /** Statements that bring a new connection there, by what they set. */
  readonly statements: ReadonlyMap<string, string>;
  readonly settings: Readonly<Record<string, string>>;
}

const leadingSpace = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/;
const homeWords =
  /^(?:set|use|reset|begin|start|commit|end|rollback|abort|pragma|prepare|execute|deallocate|call|attach|detach|load|install|checkpoint|create\s+(?:or\s+replace\s+)?temp(?:orary)?)\b/i;

/** Whether SQL has to run on the session's own connection: it leaves something there, or may. */
export const needsHome = (sql: string): boolean => homeWords.test(sql.replace(leadingSpace, '')) || mayBeScript(sql);

const homeKinds: ReadonlySet<StatementKind> = new Set([
  'set',
  'transaction',
  'prepare',
  'execute',
  'pragma',
  'call',
  'load',
  'other',
]);

export const makesTemporary = (sql: string): boolean => /\btemp(?:orary)?\b/i.test(sql);

/** The same from DuckDB's own classification. */
export const leavesSomething = ({ kind, sql }: { readonly kind: StatementKind; readonly sql: string }): boolean =>
  homeKinds.has(kind) || (kind === 'create' && makesTemporary(sql));

/** Kinds whose traces cannot be copied to another connection. */
export const staysAtHome = ({ kind, sql }: { readonly kind: StatementKind; readonly sql: string }): boolean =>
  (leavesSomething({ kind, sql }) && kind !== 'set' && kind !== 'transaction') ||
  (kind === 'set' && /\bvariable\b/i.test(sql) && mayBeScript(sql));

const assignment =
  /^(set|reset)\s+(?:(session|local|global)\s+)?(variable\s+)?("?)([\w.]+)\4(?:\s*(?:=|\bto\b)\s*([\s\S]*?))?\s*;?\s*$/i;

/** The state after a SET, RESET or USE that has run. */
export function afterSetting(state: SessionState, sql: string): SessionState {
  const text = sql.replace(leadingSpace, '').trim();
  const match = assignment.exec(text);
  const statements = new Map(state.statements);
  const settings = { ...state.settings };
  const [, verb = 'use', scope = '', variable, , name = 'schema', value = ''] = match ?? [];
  if (scope.toLowerCase() === 'global') return state; // other connections have it already
  const key = `${variable === undefined ? '' : 'variable '}${name.toLowerCase()}`;
  statements.delete(key);
  delete settings[key];
  if (verb.toLowerCase() !== 'reset') statements.set(key, text);
  if (match !== null && verb.toLowerCase() === 'set') settings[key] = value.replace(/^'([\s\S]*)'$/, '$1');
  return { ...state, statements, settings };
}

/** The state with the catalog and schema that the connection is in. */
export async function currentPlace(connection: Connection, state: SessionState): Promise<SessionState> {
  const [row] = await queryRows(connection, 'SELECT current_catalog() AS catalog, current_schema() AS db_schema');
  return { ...state, catalog: String(row?.catalog), dbSchema: String(row?.db_schema) };
}

/** Two statements of one transaction have one transaction id, those of their own two. */
export async function inTransaction(connection: Connection): Promise<boolean> {
  const id = async (): Promise<unknown> =>
    (await queryRows(connection, 'SELECT txid_current() AS id', { keep: true }))[0]?.id;
  try {
    const first = await id();
    return first === (await id());
  } catch {
    return true; // an aborted transaction answers nothing until it is rolled back
  }
}
