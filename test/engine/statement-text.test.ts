import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileLike, maySayFile } from '../../src/engine/file-names.ts';
import {
  commandTokens,
  explainedSql,
  firstWord,
  splitStatements,
  withoutParameters,
} from '../../src/engine/statement-text.ts';
import { withEngine } from './engine-rows.ts';

test('scripts are cut at semicolons, not inside literals, names, dollar quotes and comments', () => {
  for (const [sql, pieces] of [
    ['SELECT 1', ['SELECT 1']],
    ['SELECT 1;', ['SELECT 1']],
    [';;SELECT 1; -- no more ;\n ;', ['SELECT 1']],
    ['SELECT \';\'; SELECT ";"', ["SELECT ';'", ' SELECT ";"']],
    ["SELECT e'\\';'; SELECT 'a\\'; SELECT 2", ["SELECT e'\\';'", " SELECT 'a\\'", ' SELECT 2']],
    ['SELECT $$;$$; SELECT $x$ ; $$ ; $x$', ['SELECT $$;$$', ' SELECT $x$ ; $$ ; $x$']],
    ['SELECT 1 /* ; /* ; */ ; */; SELECT 2 -- ;', ['SELECT 1 /* ; /* ; */ ; */', ' SELECT 2 -- ;']],
  ] as const)
    assert.deepEqual(splitStatements(sql), pieces, sql);
});

test('DuckDB sees the same statements as we cut', () =>
  withEngine(async (engine) => {
    const script = "SELECT ';' /* ; /* ; */ */; SELECT $$;$$ AS \";\"; SELECT e'\\';', x';' FROM (SELECT 1) -- ;";
    const pieces = splitStatements(script.replace("x';'", "'x;'"));
    assert.equal(pieces.length, 3);
    for (const piece of pieces) await engine.execute(piece);
  }));

test('parameters become NULL, whatever looks like one elsewhere stays', () => {
  for (const [sql, bare] of [
    ['SELECT ?, ?2, $1, $name', 'SELECT  NULL ,  NULL ,  NULL ,  NULL '],
    [
      'SELECT \'?\', "?", $$?$$, $x$ $1 $x$ -- ?\n, ? /* $1 */',
      'SELECT \'?\', "?", $$?$$, $x$ $1 $x$ -- ?\n,  NULL  /* $1 */',
    ],
    ['SELECT 1', 'SELECT 1'],
  ] as const)
    assert.equal(withoutParameters(sql), bare, sql);
});

test('the first word is the one DuckDB sees, and doubtful comments give none', () => {
  for (const [sql, word] of [
    ['SELECT 1', 'select'],
    [' -- x\n/* y */ Export database', 'export'],
    ['(SELECT 1)', '('],
    ['/* /* */ select --*/ export', undefined],
    ['/* a /* b */ c */ select', undefined],
    ['', undefined],
    ['"x"', undefined],
  ] as const)
    assert.equal(firstWord(sql), word, sql);
});

test('what stands behind EXPLAIN is found, with options or not', () => {
  for (const [sql, inner] of [
    ['EXPLAIN SELECT 1', ' SELECT 1'],
    ['explain analyze select 1', ' select 1'],
    ['EXPLAIN (FORMAT JSON, ANALYZE) SELECT 1', ' SELECT 1'],
    ['EXPLAIN(FORMAT JSON) SELECT 1', ' SELECT 1'],
    ['EXPLAIN (SELECT 1)', ' (SELECT 1)'],
    ['/* x */ EXPLAIN SELECT 1', undefined],
    ['EXPLAINED', undefined],
  ] as const)
    assert.equal(explainedSql(sql), inner, sql);
});

test('short commands come apart into words, unless a comment may hide something', () => {
  assert.deepEqual(commandTokens("PRAGMA Table_Info('T x');"), ['pragma', 'table_info', '(', "'T x'", ')']);
  for (const sql of ['PRAGMA version -- x', '/* */ PRAGMA version']) assert.equal(commandTokens(sql), undefined);
});

test('names that may mean a file are told from names of tables', () => {
  for (const parts of [
    ['x.csv'],
    ['a/b'],
    ['dir', 'csv'],
    ['x.PARQUET'],
    ['*.x'],
    ['x.csv.gz'],
    ['C:\\x'],
    ['a', 'b', 'json'],
  ])
    assert.equal(fileLike(parts), true, parts.join('.'));
  for (const parts of [['t'], ['main', 't'], ['csv'], ['sales.2024'], ['warehouse', 'main', 'flights'], ['a"b']])
    assert.equal(fileLike(parts), false, parts.join('.'));
});

test('errors that could tell of a file are known by what their statement names', () => {
  for (const sql of [
    "INSERT INTO t SELECT x FROM read_csv('y')",
    "INSERT INTO t SELECT x FROM '/y'",
    'INSERT INTO t SELECT x FROM "y.csv"',
    'INSERT INTO t SELECT x FROM y /* */ . /* */ csv',
    "INSERT INTO t SELECT x FROM e'\\x2fy'",
    'INSERT INTO t SELECT x FROM $$y$$',
    "INSERT INTO t SELECT x FROM glob('y')",
  ])
    assert.equal(maySayFile(sql), true, sql);
  for (const sql of ["INSERT INTO t (nosuch) VALUES ('3.14', 'a b')", 'UPDATE main.t SET nosuch = 1', 'DROP TABLE x'])
    assert.equal(maySayFile(sql), false, sql);
});
