import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { literalRow } from '../../src/engine/literal-row.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { queryRows } from '../../src/lakehouse/rows.ts';

let folder: string;
let engine: Engine;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-literal-'));
  engine = await openEngine({ database: path.join(folder, 'a.duckdb') });
});
after(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a row of literals is taken apart, and nothing that could be more', () => {
  assert.deepEqual(literalRow(`insert into "a?b".t ("x?", y) values ( 1 , 'it''s; -- ?', NULL,-2.5, True ) ; `), {
    template: 'insert into "a?b".t ("x?", y) values (?, ?, null, ?, true)',
    values: [1, "it's; -- ?", -2.5],
  });
  for (const row of [
    '(1), (2)',
    '(1) RETURNING a',
    '(1); DROP TABLE t',
    '(1 + 1)',
    '(f(1))',
    '(1, DEFAULT)',
    "(e'a')",
    "('a' 'b')",
    "('a'::INTEGER)",
    "(DATE '2020-01-01')",
    '(1e5)',
    '(1_000)',
    '(0x10)',
    '(12345678901234567890)',
    '(-0)',
    '(-0.0)',
    '(NULL)',
    '(?)',
    '(1,)',
    '()',
    '(1 -- x\n)',
    '(a)',
    "('a\0b')",
  ])
    assert.equal(literalRow(`INSERT INTO t VALUES ${row}`), undefined, row);
  assert.equal(literalRow("INSERT OR REPLACE INTO t VALUES (1, 'x')"), undefined);
  assert.equal(literalRow("INSERT INTO t BY NAME VALUES (1, 'x')"), undefined);
});

const columns = {
  a: 'TINYINT',
  b: 'INTEGER',
  c: 'BIGINT',
  d: 'DOUBLE',
  e: 'VARCHAR',
  f: 'DECIMAL(9, 3)',
  g: 'TIMESTAMP',
  h: 'JSON',
  i: 'UTINYINT',
  j: 'FLOAT',
  k: "ENUM ('x', 'y')",
  l: 'BOOLEAN',
};
const literals = [
  "'x'",
  "'1'",
  "''",
  '1',
  '-7',
  '300',
  '2.0',
  '2.55',
  '0.1',
  '123456789012345',
  'true',
  "'2020-02-03'",
];

test('rows of literals are stored the same however often they came before', async () => {
  for (const [column, type] of Object.entries(columns)) {
    for (const literal of literals) {
      // Alone in a table whose statement never came, and then as the fourth of its kind.
      await engine.execute(`CREATE OR REPLACE TABLE never(n INTEGER, v ${type})`);
      await engine.execute(`CREATE OR REPLACE TABLE twice(n INTEGER, v ${type})`);
      const insert = async (table: string): Promise<string> => {
        try {
          return String(await engine.execute(`INSERT INTO ${table} VALUES (1, ${literal})`));
        } catch (error) {
          assert.ok(isDuckhouseError(error));
          return `${error.kind} ${error.message.replaceAll(table, '')} ${error.context.line}:${error.context.column}`;
        }
      };
      const first = await insert('never');
      const others = [await insert('twice'), await insert('twice'), await insert('twice')];
      assert.deepEqual(others, [first, first, first], `${column} ${literal}`);
      const stored = async (table: string) => queryRows(engine, `SELECT DISTINCT v::VARCHAR AS v FROM ${table}`);
      assert.deepEqual(await stored('twice'), await stored('never'), `${type} ${literal}`);
    }
  }
});

test('the plan of a row follows its table, and a failure is the row’s own', async () => {
  await engine.execute("CREATE TABLE plan(a INTEGER PRIMARY KEY CHECK (a <> 13), b VARCHAR DEFAULT upper('d'))");
  for (let i = 0; i < 4; i++) assert.equal(await engine.execute(`INSERT INTO plan(a) VALUES (${i})`), 1);
  await assert.rejects(engine.execute('INSERT INTO plan(a) VALUES (3)'), /[Dd]uplicate key/);
  await assert.rejects(engine.execute('INSERT INTO plan(a) VALUES (13)'), /CHECK/);
  assert.equal(await engine.execute('INSERT INTO plan(a) VALUES (4)'), 1);
  await engine.execute('CREATE OR REPLACE TABLE plan(a VARCHAR, b INTEGER DEFAULT 7)');
  assert.equal(await engine.execute('INSERT INTO plan(a) VALUES (5)'), 1);
  await engine.execute('ALTER TABLE plan ADD COLUMN c INTEGER DEFAULT 9');
  assert.equal(await engine.execute('INSERT INTO plan(a) VALUES (6)'), 1);
  assert.deepEqual(await queryRows(engine, 'SELECT * FROM plan ORDER BY a'), [
    { a: '5', b: 7, c: 9 },
    { a: '6', b: 7, c: 9 },
  ]);
  await engine.execute('DROP TABLE plan');
  await assert.rejects(engine.execute('INSERT INTO plan(a) VALUES (7)'), /plan does not exist/);
  const connection = await engine.connect();
  await connection.execute('CREATE TABLE plan(a INTEGER); BEGIN');
  for (let i = 0; i < 4; i++) await connection.execute(`INSERT INTO plan(a) VALUES (${i})`);
  await connection.execute('ROLLBACK');
  assert.deepEqual(await queryRows(connection, 'SELECT count(*)::INTEGER AS n FROM plan'), [{ n: 0 }]);
  await connection.close();
});
