import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RunningServer, runServer } from '../flight/running-server.ts';
import { ownGoProgram, ownGoTests, run } from './tool.ts';

// ADBC's Flight SQL driver as Go programs use it, without Python or a C interface above it.
const program = ownGoProgram('go-adbc');
const suite = ownGoTests('go-adbc');

let running: RunningServer;
before(async () => {
  running = await runServer({ auth: { username: 'jane', password: 'se:cret' } });
});
after(() => running.close());

test('ADBC for Go: queries, loads, parameters, transactions, metadata and errors', { skip: program.skip }, async () => {
  const { stdout, stderr, code } = await run(program.path, [`grpc://127.0.0.1:${running.port}`, 'jane', 'se:cret']);
  assert.equal(code, 0, stderr.slice(-3000));
  const outcomes = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  const told = (name: string): readonly string[] =>
    outcomes.flatMap(([what, outcome = '']) => (what === name ? [outcome] : []));
  const isOne = (name: string, expected: string | RegExp): void => {
    const [outcome = 'nothing', ...more] = told(name);
    assert.deepEqual(more, []);
    if (typeof expected === 'string') assert.equal(outcome, expected, name);
    else assert.match(outcome, expected, name);
  };
  isOne('wrong password', /^!Unauthenticated: /);
  isOne('query', '42,x,(null),1.5,[1,2]');
  const [created, again = ''] = told('adbc.ingest.mode.create');
  assert.equal(created, '10');
  assert.match(again, /^!Already Exists: /);
  for (const mode of ['append', 'replace', 'create_append']) isOne(`adbc.ingest.mode.${mode}`, '10');
  isOne('prepared', '2,person 1;3,(null);4,person 3');
  isOne('partitions', '0;1;2');
  isOne('cancelled', /^!Timeout: /);
  isOne('transaction', '0 then 12');
  isOne('objects', /"table_name":"people"/);
  isOne('objects', /"column_name":"name","ordinal_position":2/);
  isOne('table schema', /id: type=int64.*name: type=utf8/);
  isOne('no table', /^!Not Found: /);
  isOne('table types', 'LOCAL TEMPORARY;SYSTEM TABLE;TABLE;VIEW');
  isOne('info', '0,[0,"DuckHouse"]');
  isOne('wrong column', /^!Invalid Argument: .*did you mean name/);
  assert.deepEqual(
    await running.rows('SELECT count(*)::INTEGER AS n FROM people'),
    [{ n: 12 }],
    'as another client sees it',
  );
});

test("ADBC's own validation suite passes, but for what the driver itself does otherwise", {
  skip: suite.skip,
}, async () => {
  const { stdout, stderr } = await run(suite.path, ['-test.v'], {
    env: {
      FLIGHT_SQL_URI: `grpc://127.0.0.1:${running.port}`,
      FLIGHT_SQL_USER: 'jane',
      FLIGHT_SQL_PASSWORD: 'se:cret',
      FLIGHT_SQL_CATALOG: 'memory',
    },
  });
  const named = (outcome: string): string[] =>
    [...stdout.matchAll(new RegExp(`^ +--- ${outcome}: (\\S+)`, 'gm'))].map(([, name]) => name as string);
  // The driver refuses a query on a statement that has loaded rows, and gives no error an SQLSTATE: no server can help it.
  const refuses = ['Ints', 'Append', 'Replace', 'CreateAppend'].map((name) => `TestStatement/TestSqlIngest${name}`);
  const state = 'TestStatement/TestSqlIngestErrors';
  assert.deepEqual(
    named('FAIL').sort(),
    [...refuses, state, `${state}/append_to_nonexistent_table`, `${state}/overwrite_and_incompatible_schema`].sort(),
    stdout.slice(-6000) + stderr.slice(-2000),
  );
  assert.equal(stdout.match(/must set IngestTargetTable before bulk ingestion/g)?.length, refuses.length);
  assert.match(
    stdout,
    /expected: 0x9\s+actual {2}: 0x4/,
    'a table that is there already: an internal error to the suite',
  );
  assert.deepEqual(named('SKIP'), []);
  assert.ok(named('PASS').length >= 36, `${named('PASS').length} passed`);
});
