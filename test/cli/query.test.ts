import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { formatTable } from '../../src/cli/output/table.ts';
import { bindParams, parseParams } from '../../src/cli/params.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { duckhouse, inTemporaryFolder, serve } from '../workspace.ts';

const inMemory = { DUCKHOUSE_DATABASE: ':memory:' };

test('each format prints the same rows', () =>
  inTemporaryFolder(async (cwd) => {
    const sql = "SELECT 1 AS a, 'x,\"y\"' AS b, NULL AS c UNION ALL SELECT 2, '', 3.5 ORDER BY a";
    const print = async (format: string) =>
      (await duckhouse(['query', sql, '--format', format], { cwd, env: inMemory })).stdout;
    assert.equal(await print('csv'), 'a,b,c\n1,"x,""y""",\n2,"",3.5\n');
    assert.equal(await print('ndjson'), '{"a":1,"b":"x,\\"y\\"","c":null}\n{"a":2,"b":"","c":3.5}\n');
    assert.deepEqual(JSON.parse(await print('json')), [
      { a: 1, b: 'x,"y"', c: null },
      { a: 2, b: '', c: 3.5 },
    ]);
    assert.equal(await print('md'), '| a | b | c |\n| --- | --- | --- |\n| 1 | x,"y" |  |\n| 2 |  | 3.5 |\n');
    assert.match(
      await print('table'),
      /^ {4}a {2}b +c\nint32 {2}varchar {2}decimal\(2,1\)\n─+ {2}─+ {2}─+\n {4}1 {2}x,"y" +NULL\n {4}2 +3.5\n2 rows\n$/,
    );
  }));

test('a table fits the terminal: long texts are cut before columns are left out, numbers never; escape sequences are signs', () => {
  const text = (name: string) => ({ name, type: 'varchar', right: false });
  const columns = [text('a'), text('b'), { name: 'n', type: 'int64', right: true }];
  const rows = [['é'.repeat(200), '\x1b[31m日本', '12345678901234567890123']];
  const lines = formatTable(columns, rows, 60).split('\n');
  assert.equal(lines[3], `${'é'.repeat(23)}…  ␛[31m日本  12345678901234567890123`);
  assert.equal(lines[2], `${'─'.repeat(24)}  ${'─'.repeat(9)}  ${'─'.repeat(23)}`);
  const narrow = formatTable(columns, rows, 40).split('\n');
  assert.equal(narrow[3], `${'é'.repeat(19)}…  ␛[31m日本  …`);
  assert.ok(formatTable([text('a')], Array(200_000).fill(['x']), 80).length > 400_000);
});

test('parquet and arrow files hold what was asked for', () =>
  inTemporaryFolder(async (cwd) => {
    for (const format of ['parquet', 'arrow']) {
      const file = path.join(cwd, `out.${format}`);
      const made = await duckhouse(['query', 'SELECT i, [i] l FROM range(5000) t(i)', '--format', format, '-o', file], {
        cwd,
        env: inMemory,
      });
      assert.deepEqual([made.code, made.stdout], [0, ''], made.stderr);
      const loaded = await duckhouse(['ingest', file, '--table', format, '--json'], { cwd });
      assert.equal(JSON.parse(loaded.stdout)[0].rows, 5000, loaded.stderr);
    }
    const sums = await duckhouse(
      ['query', 'SELECT (SELECT sum(i) + sum(l[1]) FROM parquet) p, (SELECT sum(i) + sum(l[1]) FROM arrow) a'],
      { cwd },
    );
    assert.equal(sums.stdout, '{"p":24995000,"a":24995000}\n');
    assert.ok((await readFile(path.join(cwd, 'out.parquet'))).subarray(0, 4).equals(Buffer.from('PAR1')));
  }));

test('a file is there as a whole or as it was: a query that fails midway writes none', () =>
  inTemporaryFolder(async (cwd) => {
    const failing = "SELECT CASE WHEN i < 900000 THEN i ELSE error('midway') END AS i FROM range(1000000) t(i)";
    const run = (sql: string) => duckhouse(['query', sql, '-o', 'out.ndjson'], { cwd, env: inMemory });
    assert.match((await run(failing)).stderr, /midway/);
    assert.deepEqual(await readdir(cwd), []);
    assert.equal((await run('SELECT 1 AS a')).code, 0);
    assert.equal((await run(failing)).code, 1);
    assert.equal(await readFile(path.join(cwd, 'out.ndjson'), 'utf8'), '{"a":1}\n');
    assert.deepEqual(await readdir(cwd), ['out.ndjson']);
  }));

test('SQL comes from a file or standard input, with parameters', () =>
  inTemporaryFolder(async (cwd) => {
    const out = await duckhouse(['query', '--param', 'n=2', '--param', "name=O'Neil"], {
      cwd,
      env: inMemory,
      input: "SELECT $n + 1 AS n, $name AS name, '$n' AS text -- $n",
    });
    assert.equal(out.stdout, `{"n":3,"name":"O'Neil","text":"$n"}\n`, out.stderr);
    const missing = await duckhouse(['query', '-f', 'nope.sql'], { cwd, env: inMemory });
    assert.deepEqual([missing.code, missing.stderr], [3, 'error: file nope.sql does not exist\n']);
  }));

test('parameters are literals, and names in strings and comments are none', () => {
  const params = parseParams(['a=1', 'b=1.50', 'c=true', 'd=null', "e=x'; DROP TABLE t; --"]);
  assert.equal(bindParams('SELECT $a, $b, $c, $d, $e', params), "SELECT 1, 1.50, TRUE, NULL, 'x''; DROP TABLE t; --'");
  assert.equal(
    bindParams('SELECT $$ $a $$, "$a", \'$a\', /* $a */ $a -- $a', parseParams(['a=1'])),
    'SELECT $$ $a $$, "$a", \'$a\', /* $a */ 1 -- $a',
  );
  assert.throws(
    () => bindParams('SELECT $x', params),
    (error: unknown) => isDuckhouseError(error) && /\$x/.test(error.message),
  );
  assert.throws(
    () => bindParams('SELECT 1', params),
    (error: unknown) => isDuckhouseError(error) && /no parameter \$a/.test(error.message),
  );
});

test('errors go to standard error with a hint and the documented exit code', () =>
  inTemporaryFolder(async (cwd) => {
    await duckhouse(['ingest', '-', '--table', 'flights'], { cwd, input: 'carrier,delay\nAA,1\n' });
    const run = (...args: string[]) => duckhouse(args, { cwd });
    const missing = await run('query', 'SELECT * FROM fligths');
    assert.deepEqual(
      [missing.code, missing.stdout, missing.stderr],
      [3, '', 'error: table fligths does not exist (line 1, column 15)\nhint: did you mean flights?\n'],
    );
    const column = await run('query', 'SELECT carier FROM flights');
    assert.deepEqual(
      [column.code, column.stderr],
      [1, 'error: column carier does not exist (line 1, column 8)\nhint: did you mean carrier?\n'],
    );
    assert.equal((await run('query', 'SELEC 1')).code, 1);
    assert.equal((await run('query', '--format', 'xml', 'SELECT 1')).code, 2);
    assert.equal((await run('nonsense')).code, 2);
    assert.equal((await run('query', 'SELECT 1', '--server', 'grpc://127.0.0.1:1')).code, 5);
    assert.equal((await run('describe', 'nope')).code, 3);
    assert.equal((await run('query', 'SELECT 1', '--server', 'ftp://x')).code, 2);
    const json = await run('query', '--json', 'SELECT * FROM nope');
    assert.equal(JSON.parse(json.stdout).error.kind, 'NotFound');
    const french = await duckhouse(['query', 'SELECT * FROM fligths'], { cwd, env: { DUCKHOUSE_LANG: 'fr' } });
    assert.match(french.stderr, /^erreur : la table fligths n'existe pas/);
  }));

test('statements without rows say what they changed', () =>
  inTemporaryFolder(async (cwd) => {
    await duckhouse(['ingest', '-', '--table', 't'], { cwd, input: 'a\n1\n2\n' });
    const update = await duckhouse(['query', 'UPDATE t SET a = a + 1'], { cwd });
    assert.deepEqual([update.code, update.stdout, update.stderr], [0, '', '2 rows changed\n']);
  }));

test('--limit cuts, a reader that stops early is no error, --timeout stops', () =>
  inTemporaryFolder(async (cwd) => {
    assert.equal(
      (await duckhouse(['query', 'FROM range(100000)', '--limit', '3', '--format', 'csv'], { cwd, env: inMemory }))
        .stdout,
      'range\n0\n1\n2\n',
    );
    const slow = await duckhouse(
      [
        'query',
        'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3',
        '--timeout',
        '0.2',
      ],
      { cwd, env: inMemory },
    );
    assert.deepEqual([slow.code, /200 ms/.test(slow.stderr)], [1, true]);
  }));

test('a server named by --server is asked as any Flight SQL server is', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    const ask = async (...words: string[]) =>
      (await duckhouse(['query', '--server', server.flight, '--format', 'ndjson', ...words], { cwd })).stdout;
    assert.equal(await ask('CREATE TABLE t(i INTEGER)'), '');
    assert.equal(await ask('INSERT INTO t FROM range(3)'), '{"Count":3}\n');
    assert.equal(await ask('SELECT sum(i) AS total FROM t WHERE i > $low', '--param', 'low=0'), '{"total":3}\n');
    assert.equal(await server.stop(), 0);
  }));

test('SQL that begins with a comment is no option: it was an unknown one', () =>
  inTemporaryFolder(async (cwd) => {
    for (const words of [['-- how many\nSELECT 1 AS a'], ['--json', '--how many\nSELECT 1 AS a']])
      assert.match((await duckhouse(['query', ...words], { cwd, env: inMemory })).stdout, /"a":\s*1/);
    const value = await duckhouse(['query', 'SELECT $x AS x', '--param', 'x=-- no'], { cwd, env: inMemory });
    assert.equal(value.stdout, '{"x":"-- no"}\n');
    assert.equal((await duckhouse(['query', '--nosuch', 'SELECT 1'], { cwd, env: inMemory })).code, 2);
  }));

test('the folder of a database that was typed has to be there: another, empty database was made in it', () =>
  inTemporaryFolder(async (cwd) => {
    await writeFile(path.join(cwd, 'a.csv'), 'a\n1\n');
    for (const words of [
      ['ingest', 'a.csv'],
      ['serve', '--flight-port', '0', '--http-port', '0'],
    ]) {
      const typed = await duckhouse([...words, '--database', 'typo/x.duckdb'], { cwd });
      assert.deepEqual([typed.code, typed.stdout], [3, '']);
      assert.match(typed.stderr, /there is no folder .*typo for the database\nhint: make it first: mkdir -p/);
    }
    const set = await duckhouse(['ingest', 'a.csv'], { cwd, env: { DUCKHOUSE_DATABASE: 'data/x.duckdb' } });
    assert.equal(set.code, 0);
  }));
