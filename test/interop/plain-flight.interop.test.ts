import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { endlessSql, eventually, type RunningServer, type RunOptions, runServer } from '../flight/running-server.ts';
import { pythonWith } from './python.ts';

const python = await pythonWith('pyarrow==26.0.1');
const { skip } = python;

interface Failure {
  readonly type: string;
  readonly message: string;
}

/** A server, and pyarrow's answers to one case of its program. */
async function withServer(
  work: (running: RunningServer, client: <T>(name: string, input: object) => Promise<T>) => Promise<void>,
  options: RunOptions = {},
): Promise<void> {
  const running = await runServer(options);
  const uri = `${options.tls === undefined ? 'grpc' : 'grpc+tls'}://127.0.0.1:${running.port}`;
  try {
    await work(running, (name, input) => python.run('plain_flight.py', { case: name, with: { uri, ...input } }));
  } finally {
    await running.close();
  }
}

const is = (failure: Failure | null, type: string, message: RegExp): void => {
  assert.equal(failure?.type, type, failure?.message);
  assert.match(failure?.message ?? '', message);
};

test('a query by ticket and by command gives the same rows and schema', { skip }, () =>
  withServer(async (_, client) => {
    const sql = "SELECT 1 AS a, 'é' AS b, NULL::DOUBLE AS c UNION ALL SELECT 2, '', 1.5 ORDER BY a";
    assert.deepEqual(await client('get', { sql }), {
      rows: [
        { a: 1, b: 'é', c: null },
        { a: 2, b: '', c: 1.5 },
      ],
      same: true,
      types: ['int32', 'string', 'double'],
    });
    const empty = await client<{ rows: unknown[]; types: string[] }>('get', {
      sql: 'SELECT 1::BIGINT AS n WHERE false',
    });
    assert.deepEqual([empty.rows, empty.types], [[], ['int64']]);
  }),
);

test('errors are of the class that says what is wrong', { skip }, () =>
  withServer(
    async (_, client) => {
      const expected = [
        ['FROM range(20)', 'ArrowCapacityError', /more than 10 rows/],
        ['SELEC 1', 'ArrowInvalid', /syntax error/],
        ['FROM nosuch', 'ArrowKeyError', /nosuch does not exist/],
        ["SELECT 'x'::INTEGER", 'ArrowInvalid', /Could not convert/],
      ] as const;
      const failures = await client<Failure[]>('errors', { statements: expected.map(([sql]) => sql) });
      expected.forEach(([, type, message], i) => is(failures[i] ?? null, type, message));
    },
    { limits: { maxRows: 10 } },
  ),
);

test('a put makes a table, adds to it, and answers with a receipt', { skip }, () =>
  withServer(async ({ rows }, client) => {
    const put = { path: ['main', 'made'], rows: 25_000, step: 4000, headers: {} };
    const { loadId, ...receipt } = await client<{ loadId: string }>('put', put);
    assert.deepEqual(receipt, { rows: 25_000, table: 'memory.main.made', repeated: false });
    assert.ok(loadId.length > 0);
    await client('put', put);
    assert.deepEqual(
      await rows('SELECT count(*)::INTEGER AS n, count(s)::INTEGER AS s, sum(i)::BIGINT AS i FROM made'),
      [{ n: 50_000, s: 33_332, i: 624_975_000n }],
    );
  }),
);

test('the headers of a put: mode, load id and target', { skip }, () =>
  withServer(async ({ rows }, client) => {
    const put = (headers: Record<string, string>) => client('put', { path: ['t'], rows: 10, step: 10, headers });
    const fails = (headers: Record<string, string>) => client<Failure>('failed_put', { path: ['t'], headers });
    await put({ 'x-duckhouse-mode': 'create', 'x-duckhouse-load-id': 'once', target: 'duckdb' });
    const again = await put({ 'x-duckhouse-mode': 'create', 'x-duckhouse-load-id': 'once' });
    assert.deepEqual(again, { rows: 10, table: 'memory.main.t', loadId: 'once', repeated: true });
    await put({ 'x-duckhouse-mode': 'replace' });
    assert.deepEqual(await rows('SELECT count(*)::INTEGER AS n FROM t'), [{ n: 10 }]);
    is(await fails({ 'x-duckhouse-mode': 'create' }), 'ArrowException', /already exists/);
    is(await fails({ target: 'iceberg' }), 'ArrowNotImplementedError', /iceberg/);
    is(await fails({ 'x-duckhouse-mode': 'sideways' }), 'ArrowInvalid', /unknown mode "sideways"/);
  }),
);

test('tables are listed, described by their path, and read by the ticket of their info', { skip }, () =>
  withServer(async ({ lakehouse }, client) => {
    await lakehouse.engine.execute(
      "CREATE TABLE t AS FROM range(7); CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 'x' AS b",
    );
    assert.deepEqual(await client('listing', { criteria: '' }), {
      tables: [
        { path: ['main', 't'], rows: 7, columns: ['range'] },
        { path: ['s', 'v'], rows: -1, columns: ['b'] },
      ],
      first: 7,
      schema: ['range'],
    });
  }),
);

test('actions are listed with descriptions, run, and fail with the right error', { skip }, () =>
  withServer(async (_, client) => {
    const { listed, made, rows, dropped, again, unknown, malformed } = await client<{
      listed: Record<string, string>;
      made: { name: string; kind: string }[];
      rows: unknown[];
      dropped: unknown[];
      again: Failure;
      unknown: Failure;
      malformed: Failure;
    }>('actions', {});
    for (const name of ['create_view', 'drop', 'refresh', 'query_progress', 'cancel'])
      assert.match(listed[name] ?? '', /Body: \{/, name);
    assert.deepEqual(
      [made.map(({ name, kind }) => [name, kind]), rows, dropped],
      [[['seen', 'view']], [{ answer: 42 }], [{ dropped: true }]],
    );
    is(again, 'ArrowKeyError', /seen does not exist/);
    is(unknown, 'ArrowNotImplementedError', /unknown action "fly"/);
    is(malformed, 'ArrowInvalid', /must be JSON/);
  }),
);

const account = { username: 'ada', password: 'p:ä"ss' };

test('a password is exchanged for a token, and wrong ones are refused', { skip }, () =>
  withServer(
    async (_, client) => {
      const { nobody, wrong, scheme, rows, stale } = await client<{
        nobody: Failure;
        wrong: Failure;
        scheme: string;
        rows: unknown[];
        stale: Failure;
      }>('authenticate', account);
      assert.deepEqual([scheme, rows], ['Bearer', [{ one: 1 }]]);
      is(nobody, 'FlightUnauthenticatedError', /no credentials/);
      is(wrong, 'FlightUnauthenticatedError', /wrong user name or password/);
      is(stale, 'FlightUnauthenticatedError', /not valid/);
      assert.deepEqual(await client('handshake', account), [{ one: 1 }]);
    },
    { auth: account },
  ),
);

test('a reader, a deadline and another client cancel what runs', { skip }, () =>
  withServer(async ({ lakehouse }, client) => {
    const { cancelled, late, waited, running, outcome } = await client<{
      cancelled: Failure;
      late: Failure;
      waited: number;
      running: boolean;
      outcome: Failure;
    }>('cancel', { endless: endlessSql });
    is(cancelled, 'FlightCancelledError', /./);
    is(late, 'FlightTimedOutError', /./);
    assert.ok(waited < 5, `${waited} s`);
    assert.equal(running, true);
    is(outcome, 'FlightCancelledError', /cancelled/);
    await eventually('nothing runs', () => lakehouse.engine.stats().openResults === 0);
  }),
);

test('eight clients put into one table and read it at the same time', { skip }, () =>
  withServer(async (_, client) => {
    const rows = 40_000;
    const all = 8 * rows;
    assert.deepEqual(
      await client('parallel', { streams: 8, rows }),
      Array(8).fill([rows, all, (8 * rows * (rows - 1)) / 2]),
    );
  }),
);

test('a client that leaves in the middle stops its statement', { skip }, () =>
  withServer(async ({ lakehouse, server }, client) => {
    assert.equal(await client('read_some', { sql: 'SELECT range AS i FROM range(10000000000)' }), true);
    await eventually('it stopped', () => lakehouse.engine.stats().openResults === 0 && server.openCalls() === 0);
  }),
);

const file = (name: string): string => path.resolve('test/fixtures/tls', name);
const pem = (name: string): string => readFileSync(file(name), 'utf8');
const serverTls = { cert: pem('server.crt'), key: pem('server.key') };

interface Secured {
  readonly rows: unknown[];
  readonly failure: Failure | null;
}

test('TLS: a client that trusts the authority gets in, and one that checks nothing; others do not', { skip }, () =>
  withServer(
    async (_, client) => {
      const secure = (ca: string) => client<Secured>('secure', { ca, cert: '', key: '' });
      assert.deepEqual((await secure(file('ca.crt'))).rows, [{ one: 1 }]);
      assert.deepEqual((await secure('')).rows, [{ one: 1 }]);
      is((await secure(file('stranger.crt'))).failure, 'FlightUnavailableError', /./);
    },
    { tls: serverTls },
  ),
);

test('mutual TLS: only a client with a certificate of the authority gets in', { skip }, () =>
  withServer(
    async (_, client) => {
      const secure = (name: string) =>
        client<Secured>('secure', {
          ca: file('ca.crt'),
          cert: name === '' ? '' : file(`${name}.crt`),
          key: name === '' ? '' : file(`${name}.key`),
        });
      assert.deepEqual((await secure('client')).rows, [{ one: 1 }]);
      is((await secure('')).failure, 'FlightUnavailableError', /./);
      is((await secure('stranger')).failure, 'FlightUnavailableError', /./);
    },
    { tls: { ...serverTls, clientCa: pem('ca.crt') } },
  ),
);
