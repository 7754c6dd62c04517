import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addUser, writeAccounts } from '../../src/access/index.ts';
import { connectFlightSql, type FlightSqlClient } from '../../src/flight/index.ts';
import { paramsOf } from '../../src/flight/sql-params.ts';
import { literalInsert, withLiterals } from '../../src/lakehouse/sessions/literal-insert.ts';
import { failsWith, type RunningServer, runServer } from './running-server.ts';

const password = 'long enough';
let folder: string;
let running: RunningServer;
const open: FlightSqlClient[] = [];

const connect = (username: string): FlightSqlClient => {
  const client = connectFlightSql({ uri: `grpc://127.0.0.1:${running.port}`, username, password });
  open.push(client);
  return client;
};

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-group-'));
  const usersFile = path.join(folder, 'users.json');
  let accounts = await addUser({ users: [], tokens: [] }, { name: 'ada', role: 'admin', password });
  for (const role of ['reader', 'writer'] as const) accounts = await addUser(accounts, { name: role, role, password });
  writeAccounts(usersFile, accounts);
  running = await runServer({ auth: { usersFile } });
});
after(async () => {
  await Promise.all(open.map((client) => client.close()));
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

const count = async (table: string): Promise<unknown> =>
  (await running.rows(`SELECT count(*)::INTEGER AS n FROM ${table}`))[0]?.n;

test('small inserts of many clients are written together, and each is told of its own failure', async () => {
  const clients = ['ada', 'ada', 'ada', 'writer', 'writer', 'writer'].map(connect);
  await clients[0]?.execute('CREATE TABLE grouped(a INTEGER PRIMARY KEY)');
  const insert = (client: FlightSqlClient, i: number) => client.execute(`INSERT INTO grouped VALUES (${i})`);
  const done = await Promise.allSettled(
    clients.flatMap((client, c) => [0, 1, 2, 3].map((i) => insert(client, c * 3 + i))),
  );
  const failed = done.filter(({ status }) => status === 'rejected');
  // Neighbours share a key: of the two that insert it one fails.
  assert.equal(failed.length, 5);
  for (const { reason } of failed as PromiseRejectedResult[]) failsWith('AlreadyExists', /\d/)(reason);
  assert.equal(await count('grouped'), 19);
  await assert.rejects(
    clients[1]?.execute('INSERT INTO nosuch VALUES (1)') as Promise<number>,
    failsWith('NotFound', /nosuch/),
  );
  const transaction = await (clients[0] as FlightSqlClient).begin();
  await transaction.execute('INSERT INTO grouped VALUES (100)');
  await transaction.rollback();
  assert.deepEqual(await running.rows('SELECT a FROM grouped WHERE a = 100'), []);
  assert.ok(
    running.lakehouse.engine
      .history()
      .some(({ sql, owner }) => sql === 'INSERT INTO grouped VALUES (18)' && owner.user === 'writer'),
    'who inserted what is known',
  );
});

test('a group lets through what its members may do, and no more', async () => {
  const [ada, reader, writer] = ['ada', 'reader', 'writer'].map(connect) as [
    FlightSqlClient,
    FlightSqlClient,
    FlightSqlClient,
  ];
  await ada.execute('CREATE TABLE guarded(a INTEGER, b VARCHAR)');
  await ada.execute('CREATE SCHEMA _duckhouse; CREATE TABLE _duckhouse.guarded AS FROM guarded');
  await ada.execute("CREATE MACRO told() AS (SELECT content FROM read_text('/etc/hostname'))");
  const done = await Promise.allSettled([
    ada.execute("INSERT INTO guarded VALUES (1, 'ada')"),
    reader.execute("INSERT INTO guarded VALUES (2, 'reader')"),
    writer.execute("INSERT INTO guarded VALUES (3, 'writer'), (4, 'writer')"),
    writer.execute("INSERT INTO guarded VALUES (5, current_setting('secret_directory'))"),
    writer.execute('INSERT INTO guarded VALUES (6, told())'),
    writer.execute("INSERT INTO _duckhouse.guarded VALUES (7, 'x')"),
    writer.execute('INSERT INTO guarded (a) VALUES (8)'),
    writer.execute("INSERT INTO guarded VALUES (9, 'it''s ; -- not a comment')"),
    ada.execute("INSERT INTO guarded VALUES (10, repeat('x', 3))"),
    ada.execute("INSERT INTO guarded VALUES ('no number', 'x')"),
  ]);
  assert.deepEqual(
    done.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as { kind: string }).kind)),
    [1, 'PermissionDenied', 2, 'PermissionDenied', 'PermissionDenied', 'PermissionDenied', 1, 1, 1, 'InvalidArgument'],
  );
  assert.deepEqual(await running.rows('SELECT list(a ORDER BY a) AS a FROM guarded'), [{ a: [1, 3, 4, 8, 9, 10] }]);
});

test('prepared inserts with one row of parameters, and those sent as queries, are written together too', async () => {
  const clients = ['ada', 'writer', 'writer', 'ada'].map(connect);
  await clients[0]?.execute('CREATE TABLE prepared(a INTEGER PRIMARY KEY, b VARCHAR, c BOOLEAN, d DOUBLE)');
  const values = (i: number): readonly unknown[] => [
    i,
    i % 3 === 0 ? null : `it's ; -- ${i}`,
    i % 2 === 0,
    i === 7 ? 1.5 : i,
  ];
  const insert = async (client: FlightSqlClient, c: number): Promise<void> => {
    const statement = await client.prepare('INSERT INTO prepared VALUES (?, ?, ?, ?)');
    for (let i = 0; i < 5; i++) assert.equal(await statement.execute(values(c * 10 + i)), 1);
    await assert.rejects(statement.execute(values(c * 10)), failsWith('AlreadyExists', /\d/));
    await assert.rejects(statement.execute(['x', 'y', true, 1]), failsWith('InvalidArgument', /x/));
    const info = await client.info(`INSERT INTO prepared VALUES (${c * 10 + 9}, 'asked', NULL, NULL)`);
    assert.equal(info.totalRecords, 1);
  };
  await Promise.all(clients.map(insert));
  assert.equal(await count('prepared'), 24);
  const found = await running.rows("SELECT * FROM prepared WHERE b IS DISTINCT FROM 'asked' ORDER BY a");
  assert.deepEqual(
    found.map(({ a, b, c, d }) => [a, b, c, d]),
    [0, 1, 2, 3].flatMap((c) => [0, 1, 2, 3, 4].map((i) => values(c * 10 + i))),
  );
});

test('rows of plain literals are told from everything else', () => {
  const rows = (sql: string): unknown => {
    const insert = literalInsert(sql);
    return insert === undefined ? undefined : [insert.head, insert.rows, insert.count];
  };
  assert.deepEqual(rows("INSERT INTO t VALUES (1, 'a''b')"), ['INSERT INTO t VALUES', "(1, 'a''b')", 1]);
  assert.deepEqual(rows('insert into "a b".main.t (x, "y") values (NULL,-1.5e3), (true, 2);'), [
    'insert into "a b".main.t (x, "y") values',
    '(NULL,-1.5e3), (true, 2)',
    2,
  ]);
  for (const sql of [
    'INSERT INTO t VALUES (1) -- x',
    'INSERT INTO t VALUES (1 /* ) */)',
    "INSERT INTO t VALUES (e'\\'')",
    'INSERT INTO t VALUES (DEFAULT)',
    'INSERT INTO t VALUES (f(1))',
    'INSERT INTO t VALUES ((1))',
    'INSERT INTO t VALUES ($1)',
    'INSERT INTO t VALUES (?)',
    "INSERT INTO t VALUES ('a' 'b')",
    'INSERT INTO t VALUES (1) RETURNING a',
    'INSERT INTO t VALUES (1); DROP TABLE t',
    'INSERT INTO t VALUES (1),',
    'INSERT OR REPLACE INTO t VALUES (1)',
    'INSERT INTO t VALUES ("a")',
  ])
    assert.equal(literalInsert(sql), undefined, sql);
});

test('parameters become the literals that stand for them', () => {
  const literals = (sql: string, ...row: unknown[]) => withLiterals(sql, paramsOf([row]));
  const sql = 'INSERT INTO t (a, b) VALUES (?, ?)';
  assert.equal(literals(sql, 1n, "it's"), "INSERT INTO t (a, b) VALUES (1, 'it''s')");
  assert.equal(literals(sql, null, false), 'INSERT INTO t (a, b) VALUES (NULL, false)');
  assert.equal(literals(sql, -(2n ** 63n), ''), "INSERT INTO t (a, b) VALUES (-9223372036854775808, '')");
  assert.equal(literals(sql, 1.5, 'x'), undefined);
  assert.equal(literals(sql, 1, 'a\0b'), undefined);
  assert.equal(literals(sql, 1), undefined);
  assert.equal(literals('INSERT INTO t VALUES (?, upper(?))', 1, 'x'), undefined);
  assert.equal(literals('INSERT INTO t VALUES (?, ?) RETURNING a', 1, 'x'), undefined);
  assert.equal(
    withLiterals(
      sql,
      paramsOf([
        [1, 2],
        [3, 4],
      ]),
    ),
    undefined,
  );
});

test('inserts that become one statement put in what each alone would have', async () => {
  const ada = connect('ada');
  const texts = [
    "(1.6, '1', 2.999, DATE '2026-01-01')",
    "('3', 2, '1e2', '2026-01-02 23:00:00')",
    '(true, NULL, 7, NULL)',
  ];
  await ada.execute(
    'CREATE TABLE together(a INTEGER, b VARCHAR, c DECIMAL(10, 2), d DATE); CREATE TABLE apart AS FROM together',
  );
  for (const text of texts) await running.rows(`INSERT INTO apart VALUES ${text}`);
  const more = Array.from({ length: 20 }, () => texts).flat();
  const done = await Promise.all(more.map((text) => ada.execute(`INSERT INTO together VALUES ${text}`)));
  assert.deepEqual(new Set(done), new Set([1]));
  assert.equal(await count('together'), 60);
  assert.deepEqual(
    await running.rows('SELECT DISTINCT * FROM together ORDER BY ALL'),
    await running.rows('SELECT * FROM apart ORDER BY ALL'),
  );
});
