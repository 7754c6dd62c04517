import { randomUUID } from 'node:crypto';
import type { ArrowSchema } from '../arrow/index.ts';
import { type ArrowParams, rowTemplate } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import { type ClientSession, type SessionQueryOptions, transactionWord } from '../lakehouse/index.ts';
import { mayBeScript } from '../sql.ts';

/** A statement that its client has given a handle for. */
export interface ClientStatement {
  readonly handle: string;
  readonly sql: string;
  readonly session: ClientSession;
  readonly transactionId: string | undefined;
  readonly returnsRows: boolean;
  readonly schema: ArrowSchema;
  readonly parameters: ArrowSchema;
  /** What was bound last. */
  params: ArrowParams | undefined;
}

export interface PreparedStatements {
  /** Looks at the statement without running it. */
  create(session: ClientSession, sql: string, options: SessionQueryOptions): Promise<ClientStatement>;
  /** NotFound when it was closed, or ended with its session. */
  get(handle: string, sessionOf: SessionOf): ClientStatement;
  /** Of no effect when it was closed, or ended with its session: drivers close what they have, and would hide why it ended. */
  close(handle: string, sessionOf: SessionOf): void;
}

type SessionOf = (id: string) => ClientSession | undefined;

const maxPerSession = 2000;

export function createPreparedStatements(): PreparedStatements {
  /** They end with their session. */
  const statements = new WeakMap<ClientSession, Map<string, ClientStatement>>();
  const ofSession = (handle: string, sessionOf: SessionOf): Map<string, ClientStatement> | undefined => {
    const session = sessionOf(handle.split('.')[0] ?? '');
    return session === undefined ? undefined : statements.get(session);
  };
  return {
    async create(session, sql, options) {
      const own = statements.get(session) ?? new Map<string, ClientStatement>();
      statements.set(session, own);
      if (own.size >= maxPerSession) throw tooMany(own.size);
      const handle = `${session.id}.${randomUUID()}`;
      const described = await describe(session, sql, options);
      const statement = {
        handle,
        sql,
        session,
        transactionId: options.transactionId,
        params: undefined,
        ...described,
      };
      own.set(handle, statement);
      return statement;
    },
    get(handle, sessionOf) {
      const statement = ofSession(handle, sessionOf)?.get(handle);
      if (statement !== undefined) return statement;
      throw new DuckhouseError(
        'NotFound',
        'there is no prepared statement of this handle: it was closed, or its session ended',
        {
          id: 'prepared-statement-not-found',
          hint: 'prepare it again',
        },
      );
    },
    close: (handle, sessionOf) => void ofSession(handle, sessionOf)?.delete(handle),
  };
}

type Description = Pick<ClientStatement, 'returnsRows' | 'schema' | 'parameters'>;
const nothing: ArrowSchema = { fields: [] };

/** The first statements of a script would have to run for the last to be looked at: of a script nothing is known. */
async function describe(session: ClientSession, sql: string, options: SessionQueryOptions): Promise<Description> {
  if (mayBeScript(sql) || (options.transactionId !== undefined && transactionWord(sql) !== undefined))
    return { returnsRows: false, schema: nothing, parameters: nothing };
  // Drivers prepare each row that they insert anew: what such rows have in common is planned once.
  const template = rowTemplate(sql);
  const prepared = await session.prepare(template ?? sql, { ...options, keep: true });
  await prepared.close();
  const { returnsRows, schema, parameterFields } = prepared;
  const fields = template === undefined ? parameterFields : [];
  return { returnsRows, schema: returnsRows ? schema : nothing, parameters: { fields } };
}

const tooMany = (count: number): DuckhouseError =>
  new DuckhouseError('ResourceExhausted', `the session has ${count} prepared statements open`, {
    id: 'prepared-statement-limit',
    context: { count },
    hint: 'close those that are not needed any more',
  });
