import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { commandFile, duckhouse, endWithFolder, inTemporaryFolder, permissionsCount, plainUser } from '../workspace.ts';

interface Loaded {
  readonly code: number | null;
  readonly rows: number | undefined;
  readonly error: string | undefined;
  readonly stderr: string;
}

/** Writes `content` to `name`, loads it with `args` and gives what the JSON receipt says. */
async function load(cwd: string, name: string, content: string | Uint8Array, ...args: string[]): Promise<Loaded> {
  await writeFile(path.join(cwd, name), content);
  const { code, stdout, stderr } = await duckhouse(
    ['ingest', name, '--table', 't', '--mode', 'replace', '--json', ...args],
    { cwd },
  );
  const [first] = stdout.startsWith('[')
    ? (JSON.parse(stdout.split('\n')[0] as string) as [{ rows?: number; error?: { message: string } }])
    : [undefined];
  return { code, rows: first?.rows, error: first?.error?.message, stderr };
}

const rows = async (cwd: string, sql = 'FROM t'): Promise<unknown> =>
  JSON.parse((await duckhouse(['query', '--json', sql], { cwd })).stdout);

test('delimiter, quote, header, types and decimal commas are found out', () =>
  inTemporaryFolder(async (cwd) => {
    await load(cwd, 'a.csv', 'id;"na;me";price\n1;"a;b";2,5\n2;c;10\n');
    assert.deepEqual(await rows(cwd), [
      { id: 1, 'na;me': 'a;b', price: 2.5 },
      { id: 2, 'na;me': 'c', price: 10 },
    ]);
    await load(cwd, 'a.tsv', 'a\tb\n1\t2020-01-02\n');
    assert.deepEqual(await rows(cwd), [{ a: 1, b: '2020-01-02' }]);
    const shown = await load(cwd, 'b.csv', 'a,b\n1,x\n');
    assert.match(shown.stderr, /b\.csv: csv, delimiter ",".*header\n {2}a BIGINT, b VARCHAR/);
  }));

test('encodings are found out: UTF-8 with and without mark, UTF-16, latin-1', () =>
  inTemporaryFolder(async (cwd) => {
    const text = 'nom,ville\nZoé,Orléans\n';
    const files: Readonly<Record<string, Uint8Array>> = {
      'plain.csv': Buffer.from(text),
      'mark.csv': Buffer.from(`\ufeff${text}`),
      'wide.csv': Buffer.from(`\ufeff${text}`, 'utf16le'),
      'latin.csv': Buffer.from(text, 'latin1'),
      'packed.csv.gz': gzipSync(text),
    };
    for (const [name, content] of Object.entries(files)) {
      const loaded = await load(cwd, name, content);
      assert.equal(loaded.code, 0, `${name}: ${loaded.stderr}`);
      assert.deepEqual(await rows(cwd), [{ nom: 'Zoé', ville: 'Orléans' }], name);
    }
  }));

test('options overrule what is found out', () =>
  inTemporaryFolder(async (cwd) => {
    await load(cwd, 'a.csv', 'id,zip,n\n1,01234,-\n', '--column', 'zip:VARCHAR', '--null-text', '-');
    assert.deepEqual(await rows(cwd), [{ id: 1, zip: '01234', n: null }]);
    await load(cwd, 'b.csv', '1,2\n3,4\n', '--no-header');
    assert.deepEqual(await rows(cwd, 'SELECT count(*)::INT n FROM t'), [{ n: 2 }]);
    const unknown = await load(cwd, 'c.csv', 'a\n1\n', '--column', 'b:INT');
    assert.deepEqual([unknown.code, /b/.test(unknown.error ?? '')], [2, true]);
    assert.match(unknown.error ?? '', /^file .*c\.csv has no column "b"$/);
    assert.equal((await load(cwd, 'd.csv', 'a\n1\n', '--column', 'a:INT); DROP TABLE t; --')).code, 2);
    const type = await load(cwd, 'e.csv', 'a\n1\n', '--column', 'a:FOO');
    assert.deepEqual([type.code, type.error], [3, 'type FOO does not exist']);
    // What failed is told whole, however long the name of the file is.
    await writeFile(path.join(cwd, `${'x'.repeat(90)}.csv`), 'a\n1\n');
    const long = await duckhouse(['ingest', `${'x'.repeat(90)}.csv`, '--column', 'b:INT'], { cwd });
    assert.match(long.stdout, /failed: file .*x\.csv has no column "b"\n/);
  }));

test('JSON, NDJSON, folders, globs and standard input are loaded', () =>
  inTemporaryFolder(async (cwd) => {
    await load(cwd, 'a.json', '[{"a": 1, "b": [1, 2]}, {"a": 2}]');
    assert.deepEqual(await rows(cwd), [
      { a: 1, b: [1, 2] },
      { a: 2, b: null },
    ]);
    await load(cwd, 'a.ndjson', '{"a": {"x": 1}}\n{"a": null}\n');
    assert.deepEqual(await rows(cwd), [{ a: { x: 1 } }, { a: null }]);
    await mkdir(path.join(cwd, 'many', 'deep'), { recursive: true });
    for (const [name, text] of Object.entries({
      'many/x1.csv': 'a\n1\n',
      'many/x2.csv': 'a,b\n2,3\n',
      'many/deep/y.csv': 'a\n9\n',
      'many/notes.md': '# no data',
    }))
      await writeFile(path.join(cwd, name), text);
    assert.equal((await duckhouse(['ingest', 'many', '--quiet'], { cwd })).code, 0);
    assert.deepEqual(
      await rows(cwd, "SELECT table_name AS t FROM duckdb_tables() WHERE table_name IN ('x1', 'x2', 'y') ORDER BY t"),
      [{ t: 'x1' }, { t: 'x2' }, { t: 'y' }],
    );
    assert.equal((await duckhouse(['ingest', 'many/x*.csv', '--table', 'pair'], { cwd })).code, 0);
    assert.deepEqual(await rows(cwd, 'FROM pair ORDER BY a'), [
      { a: 1, b: null },
      { a: 2, b: 3 },
    ]);
    assert.equal((await duckhouse(['ingest', '-', '--table', 'piped'], { cwd, input: 'k\n5\n' })).code, 0);
    assert.deepEqual(await rows(cwd, 'FROM piped'), [{ k: 5 }]);
  }));

test('a partitioned folder is one table, named as the folder, with the values of its folders', () =>
  inTemporaryFolder(async (cwd) => {
    for (const year of [2023, 2024]) {
      await mkdir(path.join(cwd, 'sales', `year=${year}`), { recursive: true });
      await writeFile(path.join(cwd, 'sales', `year=${year}`, 'part.csv'), 'n\n1\n'); // the same rows in each
    }
    assert.match((await duckhouse(['ingest', 'sales'], { cwd })).stdout, /warehouse\.main\.sales +loaded 2 rows/);
    assert.deepEqual(await rows(cwd, 'FROM sales ORDER BY year'), [
      { n: 1, year: 2023 },
      { n: 1, year: 2024 },
    ]);
    for (const year of [2023, 2024]) {
      const one = await duckhouse(['ingest', `sales/year=${year}/part.csv`, '--table', 'single'], { cwd });
      assert.match(one.stdout, /loaded 1 row\n/);
      assert.match(one.stderr, /n BIGINT, year BIGINT/);
    }
    assert.equal(((await rows(cwd, 'FROM single')) as unknown[]).length, 2);
  }));

test('lines above the header are pointed out, in French too, and what a terminal would obey is not written to it', () =>
  inTemporaryFolder(async (cwd) => {
    const told = await load(cwd, 'a.csv', 'Report\n\nid;n\n1;2\n2;3\n');
    assert.match(told.stderr, /one column, utf-8, header, a title above the header\? --skip 2 leaves it out/);
    assert.doesNotMatch((await load(cwd, 'b.csv', 'name\nx\ny\n')).stderr, /--skip/);
    await writeFile(path.join(cwd, 'c\x1b[31m.csv'), 'id;n\n1;2,5\n');
    const french = await duckhouse(['ingest', 'c\x1b[31m.csv'], { cwd, env: { DUCKHOUSE_LANG: 'fr' } });
    assert.match(french.stderr, /^c␛\[31m\.csv : csv, délimiteur « ; », utf-8, en-tête, virgule décimale\n/);
    assert.equal((french.stdout + french.stderr).includes('\x1b'), false);
  }));

test('Ctrl-C ends a command that waits for its standard input', { skip: process.platform === 'win32' }, () =>
  inTemporaryFolder(async (cwd) => {
    for (const args of [['ingest', '-'], ['query'], ['user', 'add', 'ada']]) {
      const child = spawn(process.execPath, [commandFile, ...args], { cwd, env: { PATH: process.env.PATH } });
      endWithFolder(cwd, child);
      child.stdin.write('x'); // and nothing more
      setTimeout(() => child.kill('SIGINT'), 900);
      const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number | null];
      assert.equal(code, 130, args.join(' '));
    }
  }),
);

test('standard input is called so, and its format is told from its first bytes', () =>
  inTemporaryFolder(async (cwd) => {
    const pipe = async (input: string, ...args: string[]) => {
      const { code, stdout, stderr } = await duckhouse(['ingest', '-', ...args], { cwd, input });
      assert.doesNotMatch(stdout + stderr, /duckhouse-\w{6}/); // the file that held it
      return { code, stdout, stderr };
    };
    const [first] = JSON.parse((await pipe('[{"k": 5}]', '--json')).stdout);
    assert.deepEqual([first.files, first.table, first.rows], [['-'], 'warehouse.main.stdin', 1]);
    const ragged = await pipe('a,b\n1,2\n3,4,5\n', '--table', 'r', '--json');
    assert.equal(ragged.code, 1);
    // One document, though it failed.
    assert.match(JSON.parse(ragged.stdout)[0].error.message, /^stdin:3: /);
    const empty = await pipe('');
    assert.deepEqual([empty.code, empty.stderr], [1, 'error: file stdin is empty\n']);
    const view = await pipe('a\n1\n', '--as', 'view');
    assert.deepEqual([view.code, /gone when a view reads it/.test(view.stderr)], [2, true]);
  }));

test('the same command twice loads once and says so, --again loads again', () =>
  inTemporaryFolder(async (cwd) => {
    await writeFile(path.join(cwd, 'a.csv'), 'a\n1\n');
    const run = async (...args: string[]) => (await duckhouse(['ingest', 'a.csv', ...args], { cwd })).stdout;
    assert.match(await run(), /loaded 1 row\n/);
    assert.match(await run(), /loaded before \(1 row\), nothing to do/);
    assert.match(await run('--again'), /loaded 1 row\n/);
    assert.deepEqual(await rows(cwd, 'FROM a'), [{ a: 1 }, { a: 1 }]);
  }));

test('a view reads its file at each query', () =>
  inTemporaryFolder(async (cwd) => {
    await writeFile(path.join(cwd, 'live.csv'), 'a\n1\n');
    assert.match((await duckhouse(['ingest', 'live.csv', '--as', 'view'], { cwd })).stdout, /view made/);
    await writeFile(path.join(cwd, 'live.csv'), 'a\n1\n2\n');
    assert.deepEqual(await rows(cwd, 'FROM live'), [{ a: 1 }, { a: 2 }]);
  }));

/** Text whose odd line comes after all that is looked at first. */
const late = (odd: string): Buffer => Buffer.from(`a,b\n${'1,some text\n'.repeat(60_000)}2,${odd}\n`, 'latin1');

test('bad files are named with the place, and nothing of them stays', () =>
  inTemporaryFolder(async (cwd) => {
    const fails = async (name: string, content: string | Uint8Array, message: RegExp) => {
      const loaded = await load(cwd, name, content);
      assert.notEqual(loaded.code, 0, name);
      assert.match(loaded.error ?? loaded.stderr, message, name);
      assert.notEqual((await duckhouse(['query', 'FROM t'], { cwd })).code, 0, `${name} left a table`);
    };
    await fails('binary.csv', Uint8Array.of(1, 0, 2, 0, 255), /binary\.csv is no text: byte 1 is NUL/);
    await fails('empty.csv', '', /empty\.csv is empty/);
    await fails('mark.csv', '\ufeff', /mark\.csv is empty/);
    await fails('blank.csv', '\n \n\n', /blank\.csv is empty/);
    await fails('late8.csv', late('Zo\xe9'), /late8\.csv:60002: .*utf-8/);
    await fails('ragged.csv', `a,b\n${'1,2\n'.repeat(50)}1,2,3\n${'1,2\n'.repeat(50)}`, /ragged\.csv:52/);
    await fails('broken.json', '[{"a": 1}, {"a": ', /./);
    await fails('not.parquet', 'PAR0 this is no parquet file', /not\.parquet|parquet/i);
    await fails('not.arrow', 'this is no arrow file at all', /Arrow IPC/);
    const unknown = await duckhouse(['ingest', 'missing.csv'], { cwd });
    assert.deepEqual([unknown.code, unknown.stderr], [3, 'error: file missing.csv does not exist\n']);
    await writeFile(path.join(cwd, 'a.xyz'), 'x');
    assert.match(
      (await duckhouse(['ingest', 'a.xyz'], { cwd })).stderr,
      /cannot tell the format of .*\.csv .*\.parquet/s,
    );
    assert.equal((await duckhouse(['ingest', 'none*.csv'], { cwd })).code, 3);
    await mkdir(path.join(cwd, 'nothing'));
    const nothing = await duckhouse(['ingest', 'nothing'], { cwd });
    assert.deepEqual([nothing.code, nothing.stderr], [3, 'error: no files match nothing\n']);
  }));

test('a wrong encoding is refused; a NUL byte in a text is kept', () =>
  inTemporaryFolder(async (cwd) => {
    const wrong = await load(cwd, 'a.csv', Buffer.from('nom\nZo\xe9\n', 'latin1'), '--encoding', 'utf-8');
    assert.deepEqual([wrong.code, /a\.csv:2: .*utf-8/.test(wrong.error ?? '')], [1, true], wrong.stderr);
    const unknown = await load(cwd, 'b.csv', 'a\n1\n', '--encoding', 'klingon');
    assert.deepEqual([unknown.code, unknown.error], [2, 'unknown encoding "klingon"']);
    assert.equal((await load(cwd, 'c.csv', late('x\0y'))).code, 0);
    assert.deepEqual(await rows(cwd, 'SELECT b, length(b)::INT AS n FROM t WHERE a = 2'), [{ b: 'x\0y', n: 3 }]);
  }));

test('a type that a later row breaks fails the load with the line', () =>
  inTemporaryFolder(async (cwd) => {
    const loaded = await load(cwd, 'late.csv', `a\n${'1\n'.repeat(3000)}x\n`, '--column', 'a:INTEGER');
    assert.equal(loaded.code, 1);
    assert.match(loaded.error ?? '', /late\.csv:3002/);
    assert.notEqual((await duckhouse(['query', 'FROM t'], { cwd })).code, 0);
  }));

test('a header alone makes an empty table of texts, a cell of 1 MB is kept whole', () =>
  inTemporaryFolder(async (cwd) => {
    assert.equal((await load(cwd, 'head.csv', 'a,b\n')).rows, 0);
    assert.deepEqual(
      await rows(cwd, "SELECT column_name c, data_type t FROM duckdb_columns() WHERE table_name = 't' ORDER BY c"),
      [
        { c: 'a', t: 'VARCHAR' },
        { c: 'b', t: 'VARCHAR' },
      ],
    );
    assert.equal((await load(cwd, 'big.csv', `a,b\n1,${'x'.repeat(1 << 20)}\n`)).code, 0);
    assert.deepEqual(await rows(cwd, 'SELECT length(b)::INT n FROM t'), [{ n: 1 << 20 }]);
  }));

test('a folder without permission is said to be one', { skip: !permissionsCount() }, () =>
  inTemporaryFolder(async (cwd) => {
    const closed = path.join(cwd, 'closed');
    await mkdir(closed);
    await chmod(cwd, 0o777);
    await chmod(closed, 0o000);
    const denied = await duckhouse(['ingest', 'closed'], { cwd, uid: plainUser() });
    await chmod(closed, 0o700);
    assert.deepEqual([denied.code, /no permission to read/.test(denied.stderr)], [4, true], denied.stderr);
  }),
);
