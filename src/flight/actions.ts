import { authorise } from '../access/index.ts';
import { DuckhouseError } from '../errors.ts';
import { parseTableName, type TableName, tableNameOf } from '../lakehouse/index.ts';
import { ownerOf, stopStatement } from './stop-statement.ts';
import type { ActionContext, FlightAction } from './types.ts';

type Body = Readonly<Record<string, unknown>>;

const invalid = (message: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { id: 'action-body', context: { what: message } });

function text(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw invalid(`"${name}" must be a text`);
  return value;
}

function flag(body: Body, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value !== 'boolean') throw invalid(`"${name}" must be true or false`);
  return value;
}

/** `"schema.table"` or `["schema", "table"]`. */
function tableName(body: Body): TableName {
  const { name } = body;
  if (Array.isArray(name) && name.every((part) => typeof part === 'string')) return tableNameOf(name);
  return parseTableName(text(body, 'name'));
}

/** The id, unless it is that of a statement of somebody else and the principal no administrator. */
function ownQuery(context: ActionContext, queryId: string): string {
  const { principal } = context;
  const owner = ownerOf(context, queryId);
  if (owner !== undefined && owner !== principal.name)
    authorise(principal, { operation: 'action', subject: 'on a statement of somebody else' });
  return queryId;
}

function stopQuery(context: ActionContext, queryId: string): true {
  if (stopStatement(context, queryId)) return true;
  throw new DuckhouseError('NotFound', `no statement ${queryId} runs`, { id: 'query-not-found', context: { queryId } });
}

/** The actions of every server. A new one is an entry here. */
export const flightActions: readonly FlightAction[] = [
  {
    type: 'create_view',
    role: 'writer',
    description: 'Makes a view from a SELECT. Body: {"name": "v", "sql": "SELECT ...", "replace": false}',
    parameters: ['name', 'sql', 'replace'],
    required: ['name', 'sql'],
    run: (body, { lakehouse, guard }) =>
      lakehouse.createView(tableName(body), text(body, 'sql'), { replace: flag(body, 'replace'), guard }),
  },
  {
    type: 'drop',
    role: 'writer',
    description: 'Drops a table or a view. Body: {"name": "t", "ifExists": false}',
    parameters: ['name', 'ifExists'],
    required: ['name'],
    run: async (body, { lakehouse, guard }) => ({
      dropped: await lakehouse.drop(tableName(body), { ifExists: flag(body, 'ifExists'), guard }),
    }),
  },
  {
    type: 'refresh',
    role: 'writer',
    description: 'Makes a view again so that it sees the columns its files have now. Body: {"name": "v"}',
    parameters: ['name'],
    required: ['name'],
    run: (body, { lakehouse }) => lakehouse.refresh(tableName(body)),
  },
  {
    type: 'list_tables',
    role: 'reader',
    description: 'Tables and views with columns and row counts. Body: {}',
    parameters: [],
    required: [],
    run: (_, { lakehouse }) => lakehouse.listTables(),
  },
  {
    type: 'describe',
    role: 'reader',
    description: 'One table or view with its columns. Body: {"name": "t"}',
    parameters: ['name'],
    required: ['name'],
    run: (body, { lakehouse }) => lakehouse.describeTable(tableName(body)),
  },
  {
    type: 'find_load',
    role: 'reader',
    description: 'The receipt of a load, or null. Body: {"loadId": "..."}',
    parameters: ['loadId'],
    required: ['loadId'],
    run: async (body, { lakehouse }) => (await lakehouse.findLoad(text(body, 'loadId'))) ?? null,
  },
  {
    type: 'query_progress',
    role: 'reader',
    description:
      'Statements that run, with progress in percent (-1: unknown, or not measured: it is for those of PollFlightInfo and after SET enable_progress_bar = true). Body: {} or {"queryId": "..."}',
    parameters: ['queryId'],
    required: [],
    run: async (body, context) => {
      const { lakehouse, principal } = context;
      if (body.queryId !== undefined) return lakehouse.progress(ownQuery(context, text(body, 'queryId')));
      authorise(principal, { operation: 'action', subject: 'query_progress of everybody' });
      return lakehouse.progress();
    },
  },
  {
    type: 'kill_session',
    description: 'Ends a session of anybody, with what runs in it, for administrators. Body: {"sessionId": "..."}',
    role: 'admin',
    parameters: ['sessionId'],
    required: ['sessionId'],
    async run(body, { sessions }) {
      const sessionId = text(body, 'sessionId');
      if (await sessions.kill(sessionId)) return { killed: true };
      throw new DuckhouseError('NotFound', `there is no session ${sessionId}`, {
        id: 'session-not-found',
        context: { sessionId },
      });
    },
  },
  {
    type: 'kill_query',
    description: 'Stops a statement of anybody, for administrators. Body: {"queryId": "..."}',
    role: 'admin',
    parameters: ['queryId'],
    required: ['queryId'],
    run: async (body, context) => ({ killed: stopQuery(context, text(body, 'queryId')) }),
  },
  {
    type: 'cancel',
    role: 'reader',
    description: 'Stops a statement. Body: {"queryId": "..."}',
    parameters: ['queryId'],
    required: ['queryId'],
    run: async (body, context) => ({
      cancelled: stopQuery(context, ownQuery(context, text(body, 'queryId'))),
    }),
  },
];

/** The body as an object with the action's names only. InvalidArgument otherwise. */
export function parseBody(action: FlightAction, bytes: Uint8Array): Body {
  const body = parseJson(bytes);
  const unknown = Object.keys(body).find((key) => !action.parameters.includes(key));
  if (unknown !== undefined)
    throw invalid(
      `action ${action.type} takes no "${unknown}", only ${action.parameters.join(', ') || 'an empty body'}`,
    );
  const missing = action.required.find((name) => body[name] === undefined);
  if (missing !== undefined) throw invalid(`action ${action.type} needs "${missing}"`);
  return body;
}

function parseJson(bytes: Uint8Array): Body {
  if (bytes.byteLength === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes)));
  } catch (error) {
    throw invalid(`the body of an action must be JSON: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw invalid('the body of an action must be a JSON object');
  return value as Body;
}
