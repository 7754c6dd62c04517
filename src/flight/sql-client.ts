import { type ArrowSchema, decapsulate, decodeSchema, encodeSchema } from '../arrow/index.ts';
import type { ArrowParams } from '../engine/index.ts';
import {
  type CallOptions,
  connectFlight,
  type FlightClient,
  type FlightClientOptions,
  type FlightStream,
  type OutgoingBatch,
} from './client.ts';
import { commandDescriptor, encodeCancelRequest, type FlightInfo } from './proto/messages.ts';
import {
  decodeOptionErrors,
  decodeSessionOptions,
  encodeSessionOptions,
  type SessionOptions,
} from './proto/session-messages.ts';
import {
  decodeCreatedStatement,
  decodeHandle,
  decodeUpdateResult,
  encodeEndTransaction,
  encodeHandle,
  encodeIngest,
  encodeStatement,
  encodeStatementCall,
  packAny,
  type StatementIngest,
  unpackAny,
} from './proto/sql-messages.ts';
import { paramsOf } from './sql-params.ts';
import { type Credentials, createEndpointReader, type EndpointReader } from './sql-streams.ts';

export interface FlightSqlClientOptions extends FlightClientOptions {
  /** Credentials for other hosts that results may lie on, by `host:port`. Those of the client go to its own host only. */
  readonly credentials?: Readonly<Record<string, Credentials>>;
  /** The server is one of ours: results then come in one call. Default: found out from its first answer. */
  readonly duckhouse?: boolean;
}

export interface StatementOptions extends CallOptions {
  /** Values of `?` or `$1`, in order. Numbers, bigints, booleans, text, bytes, dates, null. */
  readonly params?: readonly unknown[];
}

export interface PreparedStatement {
  /** Empty for a statement that returns no rows, or whose columns depend on its parameters. */
  readonly schema: ArrowSchema;
  readonly parameters: ArrowSchema;
  readonly isUpdate: boolean | undefined;
  query(params?: readonly unknown[], options?: CallOptions): Promise<FlightStream>;
  /** Resolves with the rows changed, -1 = unknown. */
  execute(params?: readonly unknown[], options?: CallOptions): Promise<number>;
  /** Runs it for each row, all or none of them. */
  executeMany(rows: readonly (readonly unknown[])[], options?: CallOptions): Promise<number>;
  close(): Promise<void>;
}

export interface IngestOptions extends CallOptions {
  readonly schema: ArrowSchema;
  readonly batches: AsyncIterable<OutgoingBatch>;
  /** Default: `create_append`. */
  readonly mode?: 'create' | 'append' | 'replace' | 'create_append';
  readonly catalog?: string;
  readonly dbSchema?: string;
  readonly temporary?: boolean;
  /** A repetition under the same id loads nothing and gives the first answer; servers of ours only. */
  readonly loadId?: string;
}

/** What can be done in a session, or in one transaction of it. */
interface Statements {
  query(sql: string, options?: StatementOptions): Promise<FlightStream>;
  /** Runs a statement without rows; resolves with the rows changed, -1 = unknown. */
  execute(sql: string, options?: StatementOptions): Promise<number>;
  prepare(sql: string, options?: CallOptions): Promise<PreparedStatement>;
  /** Loads batches into a table, all or nothing; resolves with the rows. */
  ingest(table: string, options: IngestOptions): Promise<number>;
}

export interface Transaction extends Statements {
  readonly id: string;
  /** Rejects with kind CommitConflict when another transaction was faster: it has rolled back and may be run again. */
  commit(options?: CallOptions): Promise<void>;
  rollback(options?: CallOptions): Promise<void>;
}

/** SQL against any Flight SQL server. Statements of one client share a session where the server has sessions. */
export interface FlightSqlClient extends Statements {
  /** The calls of Flight underneath. */
  readonly flight: FlightClient;
  begin(options?: CallOptions): Promise<Transaction>;
  /** Where and how the result of a query can be fetched. */
  info(sql: string, options?: CallOptions): Promise<FlightInfo>;
  /** Stops the query of an info that is not fetched, or not to its end. */
  cancel(info: FlightInfo, options?: CallOptions): Promise<void>;
  /** Sets session options (`catalog`, `schema`, settings); undefined unsets. Resolves with the names that were refused. */
  setOptions(options: SessionOptions, call?: CallOptions): Promise<readonly string[]>;
  getOptions(call?: CallOptions): Promise<SessionOptions>;
  /** Ends the session and the connection. */
  close(): Promise<void>;
}

interface Connected {
  readonly flight: FlightClient;
  readonly reader: EndpointReader;
  /** The server takes statements as tickets. */
  direct: boolean;
  known: boolean;
}

export function connectFlightSql(options: FlightSqlClientOptions): FlightSqlClient {
  const { credentials = {}, duckhouse, ...rest } = options;
  const flight = connectFlight(rest);
  const reader = createEndpointReader(flight, rest, credentials);
  const connected: Connected = { flight, reader, direct: duckhouse === true, known: duckhouse !== undefined };
  const statements = statementsOf(connected, undefined);
  return {
    flight,
    ...statements,
    async begin(call) {
      const [result] = await flight.doAction(
        'BeginTransaction',
        packAny({ name: 'ActionBeginTransactionRequest', value: new Uint8Array(0) }),
        call,
      );
      return transactionOf(connected, decodeHandle(unpackAny(result ?? new Uint8Array(0))?.value ?? new Uint8Array(0)));
    },
    info: (sql, call) => infoOf(connected, { sql, transactionId: undefined }, call),
    async cancel(info, call) {
      await flight.doAction('CancelFlightInfo', encodeCancelRequest(info), call);
    },
    async setOptions(values, call) {
      const [result] = await flight.doAction('SetSessionOptions', encodeSessionOptions(values), call);
      return [...decodeOptionErrors(result ?? new Uint8Array(0)).keys()];
    },
    async getOptions(call) {
      const [result] = await flight.doAction('GetSessionOptions', new Uint8Array(0), call);
      return decodeSessionOptions(result ?? new Uint8Array(0));
    },
    async close() {
      await flight.doAction('CloseSession', new Uint8Array(0)).catch(() => undefined); // the server may know no sessions, or be gone
      reader.close();
      flight.close();
    },
  };
}

function transactionOf(connected: Connected, id: string): Transaction {
  const end = async (how: 'commit' | 'rollback', call: CallOptions | undefined): Promise<void> => {
    const value = encodeEndTransaction(id, how);
    await connected.flight.doAction('EndTransaction', packAny({ name: 'ActionEndTransactionRequest', value }), call);
  };
  return {
    id,
    ...statementsOf(connected, id),
    commit: (call) => end('commit', call),
    rollback: (call) => end('rollback', call),
  };
}

interface Text {
  readonly sql: string;
  readonly transactionId: string | undefined;
}

/** Our server says who it is by the metadata of its infos. */
async function infoOf(connected: Connected, { sql, transactionId }: Text, call?: CallOptions): Promise<FlightInfo> {
  const value = encodeStatement(sql, transactionId);
  const info = await connected.flight.getFlightInfo(
    commandDescriptor(packAny({ name: 'CommandStatementQuery', value })),
    call,
  );
  if (!connected.known) connected.direct = /^\{"queryId":/.test(Buffer.from(info.appMetadata).toString('utf8'));
  connected.known = true;
  return info;
}

function statementsOf(connected: Connected, transactionId: string | undefined): Statements {
  const { flight, reader } = connected;
  const prepare: Statements['prepare'] = async (sql, call) => {
    const value = encodeStatement(sql, transactionId);
    const [result] = await flight.doAction(
      'CreatePreparedStatement',
      packAny({ name: 'ActionCreatePreparedStatementRequest', value }),
      call,
    );
    return preparedOf(connected, unpackAny(result ?? new Uint8Array(0))?.value ?? new Uint8Array(0));
  };
  /** With parameters any other server wants a prepared statement. */
  const once = async <T>(
    sql: string,
    call: CallOptions,
    work: (statement: PreparedStatement) => Promise<T>,
  ): Promise<T> => {
    const statement = await prepare(sql, call);
    try {
      return await work(statement);
    } finally {
      await statement.close();
    }
  };

  return {
    async query(sql, { params, ...call } = {}) {
      if (connected.direct) {
        const bound = params === undefined ? undefined : paramsOf([params]);
        return flight.doGet(encodeStatementCall({ sql, handle: '', transactionId, params: bound }), call);
      }
      if (params !== undefined) return once(sql, call, (statement) => statement.query(params, call));
      return reader.read(await infoOf(connected, { sql, transactionId }, call), call);
    },
    async execute(sql, { params, ...call } = {}) {
      if (params !== undefined) return once(sql, call, (statement) => statement.execute(params, call));
      const value = encodeStatement(sql, transactionId);
      return put(flight, packAny({ name: 'CommandStatementUpdate', value }), undefined, call);
    },
    prepare,
    async ingest(table, { schema, batches, ...options }) {
      const { mode, catalog, dbSchema, temporary, loadId, ...call } = options;
      const command: StatementIngest = {
        ...modes[mode ?? 'create_append'],
        table,
        catalog,
        dbSchema,
        temporary: temporary ?? false,
        transactionId,
        options: loadId === undefined ? new Map() : new Map([['duckhouse.load_id', loadId]]),
      };
      const descriptor = commandDescriptor(packAny({ name: 'CommandStatementIngest', value: encodeIngest(command) }));
      return decodeUpdateResult(await flight.doPut(descriptor, { ...call, schema, batches }));
    },
  };
}

const modes: Readonly<Record<NonNullable<IngestOptions['mode']>, Pick<StatementIngest, 'ifExists' | 'ifNotExist'>>> = {
  create: { ifNotExist: 'create', ifExists: 'fail' },
  append: { ifNotExist: 'fail', ifExists: 'append' },
  replace: { ifNotExist: 'create', ifExists: 'replace' },
  create_append: { ifNotExist: 'create', ifExists: 'append' },
};

const noFields: ArrowSchema = { fields: [] };
const schemaOf = (bytes: Uint8Array): ArrowSchema =>
  bytes.byteLength === 0 ? noFields : decodeSchema(decapsulate(bytes));

function preparedOf(connected: Connected, created: Uint8Array): PreparedStatement {
  const { flight, reader } = connected;
  const { handle, datasetSchema, parameterSchema, isUpdate } = decodeCreatedStatement(created);
  const parameters = schemaOf(parameterSchema);
  const names = parameters.fields.map(({ name }) => name);
  const command = (name: string): Uint8Array => packAny({ name, value: encodeHandle(handle) });
  const update = (params: ArrowParams | undefined, call?: CallOptions): Promise<number> =>
    put(flight, command('CommandPreparedStatementUpdate'), params, call);
  const bound = (params: readonly unknown[] | undefined): ArrowParams | undefined =>
    params === undefined || params.length === 0 ? undefined : paramsOf([params], names);

  return {
    schema: schemaOf(datasetSchema),
    parameters,
    isUpdate,
    async query(params, call = {}) {
      const rows = bound(params);
      if (connected.direct)
        return flight.doGet(encodeStatementCall({ sql: '', handle, transactionId: undefined, params: rows }), call);
      const descriptor = commandDescriptor(command('CommandPreparedStatementQuery'));
      if (rows !== undefined) await flight.doPut(descriptor, { ...call, ...streamOf(rows) });
      return reader.read(await flight.getFlightInfo(descriptor, call), call);
    },
    execute: (params, call) => update(bound(params), call),
    executeMany: (rows, call) => update(paramsOf(rows, names), call),
    async close() {
      const body = packAny({ name: 'ActionClosePreparedStatementRequest', value: encodeHandle(handle) });
      await flight.doAction('ClosePreparedStatement', body);
    },
  };
}

const streamOf = ({ schema, messages }: ArrowParams) => ({
  schema: decodeSchema(schema),
  batches: (async function* (): AsyncGenerator<OutgoingBatch> {
    yield* messages;
  })(),
});

const encodedNothing = encodeSchema(noFields);

const put = async (
  flight: FlightClient,
  command: Uint8Array,
  params: ArrowParams | undefined,
  call: CallOptions = {},
): Promise<number> => {
  const rows = params ?? { schema: encodedNothing, messages: [] };
  return decodeUpdateResult(await flight.doPut(commandDescriptor(command), { ...call, ...streamOf(rows) }));
};
