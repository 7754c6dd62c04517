import { type AuthenticatorOptions, createAuthenticator } from '../../src/access/index.ts';
import { createBatchDecoder, valueReader } from '../../src/arrow/index.ts';
import { type EngineOptions, openEngine } from '../../src/engine/index.ts';
import { DuckhouseError, type ErrorKind } from '../../src/errors.ts';
import {
  connectFlight,
  createFlightServer,
  type FlightClient,
  type FlightClientOptions,
  type FlightServerOptions,
  type FlightStream,
  type LakehouseFlightServer,
} from '../../src/flight/index.ts';
import { type Lakehouse, openLakehouse, queryRows, type Row } from '../../src/lakehouse/index.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics, type Metrics } from '../../src/metrics.ts';

export interface RunningServer {
  readonly lakehouse: Lakehouse;
  readonly server: LakehouseFlightServer;
  readonly client: FlightClient;
  readonly port: number;
  readonly metrics: Metrics;
  readonly logged: readonly string[];
  connect(options?: Partial<FlightClientOptions>): FlightClient;
  /** Rows of a query run on the engine itself, beside the server. */
  rows(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

export interface RunOptions extends Partial<FlightServerOptions> {
  readonly engine?: Partial<EngineOptions>;
  readonly auth?: AuthenticatorOptions;
  readonly client?: Partial<FlightClientOptions>;
}

/** A server over a database in memory, and a client of it. */
export async function runServer({
  auth = {},
  client: clientOptions,
  engine: engineOptions = {},
  ...options
}: RunOptions = {}): Promise<RunningServer> {
  const lakehouse = await openLakehouse({ engine: await openEngine({ database: ':memory:', ...engineOptions }) });
  const logged: string[] = [];
  const metrics = createMetrics();
  const server = createFlightServer({
    lakehouse,
    authenticator: createAuthenticator(auth),
    log: createLogger({ level: 'debug', write: (line) => logged.push(line) }),
    metrics,
    ...options,
  });
  const port = await server.listen('127.0.0.1', 0);
  const clients: FlightClient[] = [];
  const scheme = options.tls === undefined ? 'grpc' : 'grpc+tls';
  const connect = (more: Partial<FlightClientOptions> = {}): FlightClient => {
    const client = connectFlight({ uri: `${scheme}://127.0.0.1:${port}`, ...clientOptions, ...more });
    clients.push(client);
    return client;
  };
  return {
    lakehouse,
    server,
    client: connect(),
    port,
    metrics,
    logged,
    connect,
    rows: (sql) => queryRows(lakehouse.engine, sql),
    async close() {
      for (const client of clients) client.close();
      await server.close();
      await lakehouse.close();
    },
  };
}

/** The rows of a stream, as arrays of values. */
export async function rowsOf({ schema, messages }: FlightStream): Promise<unknown[][]> {
  const { decode } = createBatchDecoder(schema);
  const rows: unknown[][] = [];
  for await (const message of messages) {
    const batch = decode(message);
    const readers = (batch?.columns ?? []).map(valueReader);
    for (let row = 0; row < (batch?.length ?? 0); row++) rows.push(readers.map((read) => read(row)));
    message.release();
  }
  return rows;
}

/** For assert.rejects: the error is ours, of this kind, and its message fits. */
export const failsWith =
  (kind: ErrorKind, message: RegExp) =>
  (error: unknown): boolean => {
    if (error instanceof DuckhouseError && error.kind === kind && message.test(error.message)) return true;
    throw new Error(
      `expected ${kind} ${message}, got ${error instanceof DuckhouseError ? `${error.kind} ${error.message}` : String(error)}`,
    );
  };

/** Waits until something is so, for a few seconds. */
export async function eventually(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await test()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never: ${what}`);
}

/** A statement that computes for minutes. */
export const endlessSql = 'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3';
