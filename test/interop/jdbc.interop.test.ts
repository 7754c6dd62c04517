import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type RunningServer, runServer } from '../flight/running-server.ts';
import { mavenJar, run } from './tool.ts';

// The stock Arrow JDBC driver: what DBeaver, Metabase and every other JDBC tool uses.
const driver = mavenJar('org.apache.arrow:flight-sql-jdbc-driver:18.3.0');
const program = path.resolve(import.meta.dirname, '../../../test/interop/programs/java/JdbcCheck.java');

let running: RunningServer;
let outcomes: ReadonlyMap<string, string> = new Map();
let rows: readonly (readonly string[])[] = [];
before(async () => {
  if (driver.skip !== false) return;
  running = await runServer({ auth: { username: 'jane', password: 'se:cret' } });
  await running.lakehouse.engine.execute(`
    CREATE TABLE parent(a INTEGER, b DECIMAL(9, 2) NOT NULL, c VARCHAR, PRIMARY KEY (a));
    COMMENT ON COLUMN parent.c IS 'a remark';
    CREATE TABLE child(x INTEGER REFERENCES parent(a));
    CREATE SCHEMA s_1;
    CREATE TABLE s_1.odd(l VARCHAR[], ts TIMESTAMPTZ, "a b" BLOB, id UUID, d DOUBLE);
    CREATE VIEW looked AS SELECT 1 AS one`);
  const url = `jdbc:arrow-flight-sql://127.0.0.1:${running.port}/?useEncryption=false&user=jane&password=se:cret&unknown=kept`;
  const { stdout, stderr, code } = await run('java', [
    ...['--add-opens=java.base/java.nio=ALL-UNNAMED', '-cp', driver.path, program],
    url,
  ]);
  assert.equal(code, 0, stderr.slice(-3000));
  rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  outcomes = new Map(rows.map(([what = '', outcome = '']) => [what, outcome]));
});
after(() => running?.close());

const { skip } = driver;
const is = (what: string, expected: string | RegExp): void => {
  const outcome = outcomes.get(what);
  if (typeof expected === 'string') assert.equal(outcome, expected, what);
  else assert.match(outcome ?? 'nothing', expected, what);
};

test('JDBC: every DatabaseMetaData method answers, save those the driver itself has not', { skip }, () => {
  const failed = rows.filter(([what = '', outcome = '']) => what.startsWith('meta.') && outcome.startsWith('!'));
  const ownGaps = /todo: implement this method|"iface" is null|wrong number of arguments|isolation level argument/;
  assert.deepEqual(
    failed.filter(([, outcome = '']) => !ownGaps.test(outcome)),
    [],
  );
  assert.ok(rows.filter(([what = '']) => what.startsWith('meta.')).length > 170);
});

test('JDBC: the metadata are right', { skip }, () => {
  is('meta.getDatabaseProductName', 'DuckHouse');
  is('meta.getDatabaseProductVersion', /^duckdb v/);
  is('meta.getCatalogs', 'memory');
  is('meta.getSchemas(2)', 'main|memory; s_1|memory');
  is('meta.getTableTypes', 'LOCAL TEMPORARY; SYSTEM TABLE; TABLE; VIEW');
  is('meta.getTables of type VIEW', /^memory\|main\|looked\|VIEW/);
  is(
    'meta.getColumns(4)',
    /parent\|a\|4\|INTEGER.*\|NO\|.*; memory\|main\|parent\|b\|3\|DECIMAL\(9,2\)\|9\|null\|2\|10\|0/,
  );
  is('meta.getColumns of the odd table', /\|l\|2003\|.*\|ts\|2014\|.*\|a b\|-3\|.*\|id\|12\|.*\|d\|8\|/);
  is('meta.getPrimaryKeys(3)', 'memory|main|parent|a|1|parent_a_pkey');
  const reference = 'memory|main|parent|a|memory|main|child|x|1|child_x_a_fkey|parent_a_pkey|3|3|null';
  is('meta.getImportedKeys(3)', reference);
  is('meta.getExportedKeys(3)', reference);
  is('meta.getCrossReference(6)', reference);
  is('meta.getSearchStringEscape', '\\');
  is('meta.isReadOnly', 'false');
  is('meta.supportsTransactions', 'true');
  is('meta.supportsBatchUpdates', 'true');
  is('meta.getMaxRowSize', '0');
});

test('JDBC: statements, update counts, parameters, nulls and batches', { skip }, () => {
  is('valid', 'true');
  is('ddl', '0');
  is('insert', '2');
  is('execute insert', 'false 1');
  is('execute select', 'true 1|x|1.25|2024-02-29 12:00:00.0; 2|null|null|null; 3|z|3.00|null');
  is('update', '2');
  is('wrong sql', /^! SQLException: .*syntax error/i);
  is('missing table', /^! SQLException: .*nowhere/);
  is('prepared insert', '1');
  // The driver writes milliseconds into whatever unit a parameter has.
  is('inserted time', '2024-01-02 03:04:05.0');
  is('prepared times', '2024-01-02 03:04:05.678|1704164645678|10:11:12|2024-02-29|2024-01-02 00:00:00.0');
  is('prepared null', '1');
  is('batch', '[3]');
  is('prepared select', "4|it's; 5|null; 10|b10; 11|b11; 12|b12 / 12|b12");
  is('types', /\[b BOOLEAN, i1 TINYINT, i8 BIGINT,.*\] \[true, 1, 2, 3, 1\.5, 2\.5, é, \[0\], 2024-02-29,/);
  is('timestamp with time zone', '2024-02-29T01:02:03Z');
  is('large', '124999750000');
  is('drop', '0');
  is('closed', 'true');
});
