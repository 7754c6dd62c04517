import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeScript, quoteIdentifier, quoteLiteral, quoteName } from '../src/sql.ts';

test('names and texts are quoted with their own quotes doubled', () => {
  assert.equal(quoteIdentifier('a"b'), '"a""b"');
  assert.equal(quoteLiteral("it's"), "'it''s'");
  assert.equal(quoteName(undefined, 's', 'my table'), '"s"."my table"');
});

test('one statement is no script, whatever its texts and comments hold', () => {
  const single = [
    'SELECT 1',
    'SELECT 1; ',
    'SELECT 1;;',
    "SELECT 'a;b'",
    'SELECT "a;b"',
    'SELECT $$a;b$$',
    'SELECT $x$a;$$;b$x$',
    "SELECT e'\\';x'",
    'SELECT 1 -- ; more',
    'SELECT /* ; x */ 1',
  ];
  for (const sql of single) assert.equal(mayBeScript(sql), false, sql);
});

test('several statements are a script, however they are hidden', () => {
  const scripts = [
    'SELECT 1; SELECT 2',
    "SELECT 'a'; DROP TABLE t",
    "SELECT $$'$$; DROP TABLE t; SELECT $$'$$",
    "SELECT e'\\''; DROP TABLE t; SELECT ''",
    "SELECT date'\\'; DROP TABLE t; SELECT ''",
    "SELECT 1 /* /* */ ' */ ; DROP TABLE t; --'",
    'SELECT 1; -- x\nDROP TABLE t',
  ];
  for (const sql of scripts) assert.equal(mayBeScript(sql), true, sql);
});
