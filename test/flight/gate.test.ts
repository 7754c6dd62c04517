import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addUser, type Role, sessionSettings, writeAccounts } from '../../src/access/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { DuckhouseError } from '../../src/errors.ts';
import type { FlightClient } from '../../src/flight/index.ts';
import { openSystemTables } from '../../src/lakehouse/index.ts';
import { harmless, seeded, smuggle } from './gate-fuzz.ts';
import { escapes, uses } from './gate-probes.ts';
import { failsWith, type RunningServer, rowsOf, runServer } from './running-server.ts';

const password = 'correct horse';
const secret = 'TREASURE';
let folder: string;
let files: string;
let running: RunningServer;
const clients = new Map<Role, FlightClient>();
const as = (role: Role): FlightClient => clients.get(role) as FlightClient;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-gate-'));
  files = path.join(folder, 'files');
  const usersFile = path.join(folder, 'users.json');
  let accounts = await addUser({ users: [], tokens: [] }, { name: 'admin', role: 'admin', password });
  for (const role of ['reader', 'writer'] as const) accounts = await addUser(accounts, { name: role, role, password });
  writeAccounts(usersFile, accounts);
  await makeFiles();
  running = await runServer({ auth: { usersFile }, client: { retries: 0 } });
  await openSystemTables(running.lakehouse.engine, {
    sessions: () => ({ list: () => [], waiting: () => [] }),
    settings: () => [],
  });
  await makeTables(running);
  await makeFileViews(running);
  for (const role of ['reader', 'writer', 'admin'] as const)
    clients.set(role, running.connect({ username: role, password }));
});

after(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

async function makeFiles(): Promise<void> {
  mkdirSync(files);
  writeFileSync(path.join(files, 'secret.csv'), `${secret},word\n1,${secret}\n`);
  writeFileSync(path.join(files, 'secret.json'), `{"${secret}": "${secret}"}\n`);
  writeFileSync(path.join(files, 'secret.txt'), secret);
  writeFileSync(path.join(files, 'open.csv'), 'c\n1\n');
  const engine = await openEngine({ database: ':memory:' });
  for (const sql of [
    `COPY (SELECT '${secret}' AS "${secret}") TO '${files}/secret.parquet'`,
    `COPY (SELECT 1 AS c) TO '${files}/open.parquet'`,
    `ATTACH '${files}/other.duckdb' AS other`,
    `CREATE TABLE other.t AS SELECT '${secret}' AS "${secret}"`,
    'DETACH other',
  ])
    await engine.execute(sql);
  await engine.close();
}

const made = ['open.csv', 'open.parquet', 'other.duckdb', 'secret.csv', 'secret.json', 'secret.parquet', 'secret.txt'];

async function makeTables({ lakehouse: { engine } }: RunningServer): Promise<void> {
  for (const sql of [
    "CREATE TABLE t AS SELECT 1 AS a, 'x' AS b",
    'CREATE SEQUENCE numbers',
    'CREATE SCHEMA _duckhouse',
    'CREATE TABLE _duckhouse.loads (load_id VARCHAR, rows BIGINT)',
    'CREATE VIEW table_view AS SELECT * FROM t',
    'CREATE VIEW queries_view AS SELECT * FROM duckhouse_system.queries',
    'CREATE MACRO table_macro(least) AS TABLE SELECT * FROM t WHERE a >= least',
    'CREATE MACRO plus_one(x) AS x + 1',
    'CREATE MACRO file_macro(p) AS TABLE SELECT * FROM read_text(p)',
    'CREATE MACRO scalar_file_macro(p) AS (SELECT content FROM read_text(p))',
  ])
    await engine.execute(sql);
}

async function makeFileViews({ lakehouse: { engine } }: RunningServer): Promise<void> {
  await engine.execute(`CREATE VIEW csv_view AS SELECT * FROM read_csv('${files}/open.csv')`);
  await engine.execute(`CREATE VIEW parquet_view AS SELECT * FROM read_parquet('${files}/open.parquet')`);
}

/** What a client learns of a statement, whichever way it is sent. */
async function outcome(client: FlightClient, sql: string): Promise<{ readonly said: string; readonly kind: string }> {
  try {
    const rows = await rowsOf(await client.query(sql));
    return {
      said: JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      kind: 'ok',
    };
  } catch (error) {
    assert.ok(error instanceof DuckhouseError, String(error));
    return { said: `${error.message}; ${error.hint} ${JSON.stringify(error.context)}`, kind: error.kind };
  }
}

for (const role of ['reader', 'writer'] as const) {
  test(`a ${role} gets out of the database by none of the known ways, and no answer tells of a file`, async () => {
    const leaks: string[] = [];
    for (const sql of escapes(files)) {
      const { said, kind } = await outcome(as(role), sql);
      const refused = kind === 'PermissionDenied' || (kind !== 'ok' && kind !== 'Internal');
      if (!refused || said.includes(secret)) leaks.push(`${sql} -> ${kind} ${said}`);
    }
    assert.deepEqual(leaks, []);
    assert.deepEqual(readdirSync(files).sort(), made);
  });

  test(`a ${role} works with tables, views and macros`, async () => {
    const wrong: string[] = [];
    for (const { sql, allowed = [] } of uses) {
      const { said, kind } = await outcome(as(role), sql);
      if (sql === 'BEGIN') await outcome(as(role), 'ROLLBACK');
      const expected = allowed.includes(role) ? ['ok'] : ['PermissionDenied', 'NotFound'];
      if (!expected.includes(kind)) wrong.push(`${sql} -> ${kind} ${said}, expected ${expected}`);
    }
    assert.deepEqual(wrong, []);
  });
}

test('who is no administrator makes DuckDB install and load no extension: binding what an extension is known for did', async () => {
  for (const sql of [
    "SELECT '1.2.3.4'::INET",
    'PRAGMA tpch(1)',
    'SELECT stem($$running$$, $$porter$$)',
    "SET s3_region = 'x'",
  ])
    assert.doesNotMatch((await outcome(as('reader'), sql)).said, /automatically|download/i);
  const [set] = await running.rows(`SELECT current_setting('autoload_known_extensions') AS load,
    current_setting('autoinstall_known_extensions') AS install`);
  assert.deepEqual(set, { load: false, install: false });
});

test('a file smuggled into any place of a statement is found, tables in the same places are read', async () => {
  const random = seeded(20_260_101);
  const wrong: string[] = [];
  for (let i = 0; i < 250; i++) {
    const role = i % 2 === 0 ? 'reader' : 'writer';
    const sql = smuggle(random, files);
    const { said, kind } = await outcome(as(role), sql);
    if (kind === 'ok' || kind === 'Internal' || said.includes(secret)) wrong.push(`${role}: ${sql} -> ${kind} ${said}`);
    const plain = harmless(random);
    const read = await outcome(as(role), plain);
    if (read.kind !== 'ok') wrong.push(`${role}: ${plain} -> ${read.kind} ${read.said}`);
  }
  assert.deepEqual(wrong, []);
  assert.doesNotMatch(JSON.stringify(await running.rows('SELECT b FROM t')), new RegExp(secret));
});

test('a refusal says what to do instead', async () => {
  for (const [role, sql, message] of [
    ['reader', 'PIVOT t ON b /* here */ USING count(*)', /runs as several; name the values of a PIVOT/],
    ['writer', 'INSERT INTO t (a) SELECT c FROM csv_view', /files, views over them included.*duckhouse ingest/],
    ['writer', `CREATE TABLE x AS FROM '${files}/open.csv'`, /files.*duckhouse ingest/],
    ['reader', `SELECT * FROM '${files}/open.csv'`, /local files.*duckhouse ingest/],
    ['reader', 'SET threads = 1', /may not use setting threads/],
  ] as const) {
    const { said, kind } = await outcome(as(role), sql);
    assert.equal(kind, 'PermissionDenied', sql);
    assert.match(said, message, sql);
  }
});

test('a reader pivots without naming the values, and gets what an administrator gets', async () => {
  await running.lakehouse.engine.execute(
    "CREATE TABLE sales AS FROM (VALUES (1, 'it''s', 10, DATE '2020-01-02'), (10, 'b', 5, NULL), (2, NULL, 7, DATE '2020-01-10'), (NULL, 'a', 1, DATE '2019-01-01')) v(i, s, n, d)",
  );
  for (const sql of [
    'PIVOT sales ON i USING sum(n)',
    'PIVOT sales ON s USING sum(n), count(*) GROUP BY d ORDER BY d;',
    'pivot main.sales on d, "i" using max(n) order by all limit 3',
    'PIVOT (SELECT i, n FROM sales WHERE n > 1) AS x ON i',
    'PIVOT sales x ON i, s USING sum(n) GROUP BY d ORDER BY ALL',
    "PIVOT sales ON s || ' ' || i USING sum(n)",
    "PIVOT sales ON n % 2 = 0, upper(coalesce(s, 'none')) USING sum(i) GROUP BY d ORDER BY ALL",
    'PIVOT sales ON (i IN (1, 2)), year(d) USING max(n);',
  ]) {
    const [one, all] = await Promise.all([as('reader').query(sql), as('admin').query(sql)]);
    assert.deepEqual(one.schema, all.schema, sql);
    assert.deepEqual((await rowsOf(one)).map(String).sort(), (await rowsOf(all)).map(String).sort(), sql);
  }
  for (const sql of [
    `PIVOT (FROM read_csv('${files}/secret.csv')) ON word USING count(*)`,
    `PIVOT '${files}/secret.csv' ON word USING count(*)`,
    `PIVOT "${files}/secret.csv" ON word USING count(*)`,
    `PIVOT (SELECT content AS c FROM file_macro('${files}/secret.txt')) ON c`,
    'PIVOT duckhouse_system.queries ON sql USING count(*)',
    "PIVOT sales ON s || current_setting('secret_directory') USING count(*)",
    `PIVOT sales ON s || (SELECT content FROM read_text('${files}/secret.txt')) USING count(*)`,
    `PIVOT sales ON s || (SELECT content FROM file_macro('${files}/secret.txt')) USING count(*)`,
    "PIVOT sales ON s || getenv('HOME')",
  ]) {
    const { said, kind } = await outcome(as('reader'), sql);
    assert.equal(kind, 'PermissionDenied', sql);
    assert.doesNotMatch(said, new RegExp(secret));
  }
  await running.lakehouse.engine.execute('DROP TABLE sales');
});

test('PREPARE and EXECUTE in SQL may do what the statement in them may', async () => {
  const reader = running.connect({ username: 'reader', password });
  const writer = running.connect({ username: 'writer', password });
  const said = (client: FlightClient, sql: string): Promise<string> =>
    outcome(client, sql).then(({ said: text, kind }) => (kind === 'ok' ? text : kind));
  assert.equal(await said(reader, 'PREPARE least AS SELECT DISTINCT a FROM t WHERE a = $1'), '[]');
  assert.equal(await said(reader, 'EXECUTE least(1)'), '[[1]]');
  assert.equal(await said(reader, 'execute "LEAST"(500);'), '[]');
  assert.equal(await said(reader, "EXECUTE least(length('b') + abs(-0)::INTEGER)"), '[[1]]');
  for (const sql of [
    "EXECUTE least(length(current_setting('secret_directory')))",
    "EXECUTE least(length(getenv('HOME')))",
    `EXECUTE least((SELECT size FROM read_text('${files}/secret.txt')))`,
    "EXECUTE least(nextval('nosuch'))",
    "EXECUTE least(1) ; SELECT (getenv('HOME'))",
    "EXECUTE least(length(e'a'))",
    'EXECUTE least(/* here */ 0)',
    'PREPARE w AS INSERT INTO t VALUES (2, $1)',
    `PREPARE f AS SELECT * FROM read_text('${files}/secret.txt')`,
    `PREPARE f AS FROM file_macro('${files}/secret.txt')`,
    `PREPARE f /* /* */ AS SELECT 1 --*/ AS FROM read_text('${files}/secret.txt')`,
    'PREPARE s AS FROM duckhouse_system.queries',
  ])
    assert.equal(await said(reader, sql), 'PermissionDenied', sql);
  for (const sql of ["EXECUTE least(1) + (getenv('HOME'))", 'EXECUTE least(1 FROM t)'])
    assert.equal(await said(reader, sql), 'InvalidArgument', sql);
  assert.notEqual(await said(reader, 'EXECUTE nosuch'), '[]');
  assert.equal(await said(reader, 'DEALLOCATE least'), '[]');

  // A macro that is harmless when it is prepared, and not any more when it is asked for.
  const { engine } = running.lakehouse;
  await engine.execute('CREATE MACRO changing() AS TABLE SELECT 1 AS one');
  assert.equal(await said(writer, 'PREPARE later AS FROM changing()'), '[]');
  assert.equal(await said(writer, 'EXECUTE later'), '[[1]]');
  await engine.execute(
    `CREATE OR REPLACE MACRO changing() AS TABLE SELECT size AS one FROM read_text('${files}/secret.txt')`,
  );
  assert.equal(await said(writer, 'EXECUTE later'), 'PermissionDenied');
  await engine.execute('DROP MACRO TABLE changing');
});

test('errors of what a reader may ask for are those of DuckDB, with their candidates', async () => {
  await assert.rejects(
    as('reader').query('SELECT * FROM table_vieww'),
    failsWith('NotFound', /table_vieww does not exist/),
  );
  await assert.rejects(as('reader').query('SELECT nosuch FROM t'), failsWith('InvalidArgument', /nosuch/));
  await assert.rejects(as('reader').query('SELEC 1'), failsWith('InvalidArgument', /syntax error/));
  await assert.rejects(as('writer').query('INSERT INTO t (nosuch) VALUES (1)'), failsWith('InvalidArgument', /nosuch/));
});

test('an administrator may do all of it', async () => {
  for (const sql of [
    `SELECT * FROM read_text('${files}/secret.txt')`,
    `SELECT * FROM file_macro('${files}/secret.txt')`,
  ])
    assert.match((await outcome(as('admin'), sql)).said, new RegExp(secret));
});

test('nobody, not even an administrator, reads memory at an address of their own', async () => {
  for (const sql of [
    'SELECT * FROM arrow_scan(0, 0, 0)',
    'FROM Arrow_Scan_Dumb (1, 2, 3)',
    'FROM system.main."arrow_scan" /* here /* too */ */ (1, 2, 3)',
    'FROM arrow_scan -- here\n(1, 2, 3)',
    "SELECT * FROM query('FROM arrow_scan(0, 0, 0)')",
    'CREATE VIEW v AS FROM arrow_scan(0, 0, 0)',
    'CREATE MACRO m(p) AS TABLE FROM arrow_scan(p, p, p)',
    'PREPARE p AS FROM arrow_scan(?, ?, ?)',
    'SELECT 1; FROM arrow_scan(0, 0, 0)',
    'EXPLAIN FROM arrow_scan(0, 0, 0)',
    "INSERT INTO t SELECT * FROM scan_arrow_ipc([{'ptr': 0::UBIGINT, 'size': 0::UBIGINT}])",
  ]) {
    const { said, kind } = await outcome(as('admin'), sql);
    assert.equal(kind, 'PermissionDenied', sql);
    assert.match(said, /memory by its address/, sql);
  }
  // Hidden from whoever looks for the name, and with the one type that DuckDB would take for an address.
  const wild = '(1::VARIANT, 2::VARIANT, 3::VARIANT)';
  for (const name of ["'arrow' || '_scan'", "'ARROW' || '_scan_dumb'", "'system.main.arrow' || '_scan'"]) {
    const { said } = await outcome(as('admin'), `SELECT * FROM query('FROM ' || ${name} || '${wild}')`);
    assert.match(said, /No function matches .*VARIANT/);
  }
  await as('admin').query("SELECT 'arrow_scan' AS name FROM duckdb_functions() WHERE function_name = 'arrow_scan'");
});

test('nobody takes away the database that sessions start in: the server was of no use until it started again', async () => {
  const admin = as('admin');
  await rowsOf(await admin.query("ATTACH ':memory:' AS beside"));
  for (const sql of [
    'USE beside; DETACH memory',
    'DETACH DATABASE IF EXISTS "Memory";',
    'ALTER DATABASE memory SET ALIAS TO other',
    'DETACH/* ; /* nested */ */DATABASE -- why\n memory',
    'USE beside;DETACH"memory"',
  ])
    assert.match((await outcome(admin, sql)).said, /database memory is the server/, sql);
  // A text or a comment that reads like it is none; it was refused all the same.
  for (const sql of ["SELECT 'detach memory'", "SELECT '; detach memory;'", 'SELECT 1 /* ; detach memory; */'])
    assert.equal((await outcome(admin, sql)).kind, 'ok', sql);
  await rowsOf(await admin.query('USE memory; DETACH beside'));
});

test('locked down, DuckDB lets not even an administrator out of the folders that are open', async () => {
  const open = path.join(folder, 'open');
  mkdirSync(open);
  const locked = await runServer({
    engine: { lockdown: { folders: [open], settings: [...sessionSettings] } },
    limits: { queryTimeoutMs: 500 },
    client: { retries: 0 },
  });
  try {
    await openSystemTables(locked.lakehouse.engine, {
      sessions: () => ({ list: () => [], waiting: () => [] }),
      settings: () => [],
    });
    await makeTables(locked);
    const leaks: string[] = [];
    // Profiles are printed.
    for (const sql of escapes(files).filter((one) => !/enable_profiling/.test(one))) {
      const { said, kind } = await outcome(locked.client, sql);
      if (said.includes(secret)) leaks.push(`${sql} -> ${kind} ${said}`);
    }
    assert.deepEqual(leaks, []);
    assert.deepEqual(readdirSync(files).sort(), made);
    await locked.client.query(`COPY (SELECT 42 AS a) TO '${open}/x.parquet'`).then(rowsOf);
    assert.equal((await outcome(locked.client, `SELECT * FROM '${open}/x.parquet'`)).said, '[[42]]');
    symlinkSync(files, path.join(open, 'link'));
    for (const sql of [
      `SELECT * FROM read_text('${open}/link/secret.txt')`,
      `SELECT * FROM read_text('${open}/../files/secret.txt')`,
      'SET threads = 1',
      'SET enable_external_access = true',
      'SET lock_configuration = false',
      'LOAD httpfs',
    ])
      await assert.rejects(locked.client.query(sql).then(rowsOf), sql);
    await locked.client.query("SET TimeZone = 'Europe/Paris'").then(rowsOf);
  } finally {
    await locked.close();
  }
});
