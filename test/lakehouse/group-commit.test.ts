import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/index.ts';
import { createGroupCommit, type GroupCommit } from '../../src/lakehouse/sessions/group-commit.ts';
import { endlessSql, eventually } from '../flight/running-server.ts';

/** While one group runs the inserts behind it wait: each hears its own deadline, and no other does. */
let engine: Engine;
let groups: GroupCommit;
let running: Promise<number>;
const stopper = { abort: (): void => undefined };

before(async () => {
  engine = await openEngine({ database: ':memory:' });
  await engine.execute('CREATE TABLE t(a INTEGER)');
});
after(() => engine.close());
beforeEach(async () => {
  await engine.execute('DELETE FROM t');
  groups = createGroupCommit(engine);
  const aborter = new AbortController();
  stopper.abort = () => aborter.abort(new Error('stopped'));
  const sql = `INSERT INTO t ${endlessSql}`;
  running = groups.insert(sql, sql, { signal: aborter.signal });
  running.catch(() => undefined); // it is stopped
  await eventually('the first group runs', () => engine.progress().length > 0);
});
afterEach(async () => {
  stopper.abort();
  await assert.rejects(running);
  await groups.close();
});

const insert = (value: number, signal?: AbortSignal): Promise<number> => {
  const sql = `INSERT INTO t VALUES (${value})`;
  return groups.insert(sql, sql, signal === undefined ? {} : { signal });
};
const stored = async (): Promise<unknown> => (await queryRows(engine, 'SELECT list(a ORDER BY a) AS a FROM t'))[0]?.a;

/** Rejects while the first group still runs. */
async function givenUp(waiting: Promise<number>, reason: RegExp): Promise<void> {
  const start = performance.now();
  const outcome = await Promise.race([
    waiting.then(
      () => 'inserted',
      (error: unknown) => String(error),
    ),
    new Promise<string>((resolve) => setTimeout(resolve, 3000, 'still waits')),
  ]);
  assert.match(outcome, reason, `${Math.round(performance.now() - start)} ms`);
  assert.equal(engine.progress().length, 1, 'the first group runs on');
}

test('an insert that waits for a group hears its deadline, and is never written', async () => {
  const kept = [insert(1), insert(3, AbortSignal.timeout(60_000))];
  await givenUp(insert(2, AbortSignal.timeout(100)), /TimeoutError/);
  stopper.abort();
  assert.deepEqual(await Promise.all(kept), [1, 1]);
  assert.deepEqual(await stored(), [1, 3]);
});

test('an insert whose call has ended before it waits is refused at once', async () => {
  await givenUp(insert(1, AbortSignal.abort(new Error('gone'))), /gone/);
  stopper.abort();
  assert.equal(await insert(2), 1);
  assert.deepEqual(await stored(), [2]);
});

test('when all that wait give up, those that come later are written', async () => {
  const aborter = new AbortController();
  const waiting = [insert(1, aborter.signal), insert(2, aborter.signal)];
  aborter.abort(new Error('no longer'));
  for (const one of waiting) await givenUp(one, /no longer/);
  const later = insert(3);
  stopper.abort();
  assert.equal(await later, 1);
  assert.deepEqual(await stored(), [3]);
});

test('an insert that has been written is not undone by a deadline that passes later', async () => {
  stopper.abort();
  const aborter = new AbortController();
  assert.equal(await insert(1, aborter.signal), 1);
  aborter.abort(new Error('late'));
  assert.equal(await insert(2), 1);
  assert.deepEqual(await stored(), [1, 2]);
});
