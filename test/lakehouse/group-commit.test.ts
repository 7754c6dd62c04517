import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/index.ts';
import { createGroupCommit } from '../../src/lakehouse/sessions/group-commit.ts';

test('inserts that wait for a group hear their deadline, also one that had passed before', {
  timeout: 60_000,
}, async () => {
  const engine = await openEngine({ database: ':memory:' });
  await engine.execute('CREATE TABLE t(a INTEGER)');
  const groups = createGroupCommit(engine);
  const insert = (sql: string, signal?: AbortSignal) => groups.insert(sql, sql, signal === undefined ? {} : { signal });
  let first = 'runs';
  const slow = insert('INSERT INTO t SELECT 1 + 0 * max(hash(range) % 7)::INTEGER FROM range(300000000)').then(
    () => (first = 'done'),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  const aborter = new AbortController();
  const waiting = insert('INSERT INTO t VALUES (2)', aborter.signal);
  const kept = insert('INSERT INTO t VALUES (3)');
  aborter.abort(new Error('too late'));
  await assert.rejects(waiting, /too late/);
  await assert.rejects(insert('INSERT INTO t VALUES (4)', aborter.signal), /too late/);
  assert.equal(first, 'runs');
  await Promise.all([slow, kept]);
  assert.deepEqual(await queryRows(engine, 'SELECT a FROM t ORDER BY a'), [{ a: 1 }, { a: 3 }]);
  await groups.close();
  await engine.close();
});
