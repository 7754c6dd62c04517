import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { connectFlight, pathDescriptor } from '../../src/flight/index.ts';
import { queryRows } from '../../src/lakehouse/index.ts';
import { duckhouse, eventually, inTemporaryFolder, type RunningServe, serve } from '../workspace.ts';

const kills = 60;
const writers = 3;
const seed = 20_240_229;

interface Load {
  readonly id: number;
  readonly rows: number;
  /** Its receipt has come. */
  acknowledged: boolean;
}

interface Run {
  readonly server: RunningServe;
  readonly source: Engine;
  readonly loads: Load[];
  readonly random: () => number;
  /** Milliseconds from each kill to the next process. */
  readonly restarts: number[];
  stopped: boolean;
}

/** Between 0 and 1, the same in each run. */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Receipt {
  readonly rows: number;
  readonly repeated: boolean;
}

async function put({ server, source }: Run, { id, rows }: Load): Promise<Receipt> {
  const client = connectFlight({ uri: server.flight, retries: 0 });
  const result = await source.query(
    `SELECT ${id}::INTEGER AS load, range AS i, repeat('x', 200) AS filling FROM range(${rows})`,
  );
  try {
    const receipt = await client.doPut(pathDescriptor(['loads']), {
      schema: result.schema,
      batches: result.batches,
      headers: { 'x-duckhouse-load-id': `load-${id}` },
    });
    return JSON.parse(Buffer.from(receipt).toString()) as Receipt;
  } finally {
    await result.close();
    client.close();
  }
}

/** Puts load after load; what is cut off by a kill is left as it is. */
async function write(run: Run): Promise<void> {
  while (!run.stopped) {
    const load: Load = { id: run.loads.length, rows: 1 + Math.floor(run.random() ** 3 * 60_000), acknowledged: false };
    run.loads.push(load);
    try {
      assert.equal((await put(run, load)).rows, load.rows);
      load.acknowledged = true;
    } catch (error) {
      assert.ok(isDuckhouseError(error) && error.kind === 'Unavailable', String(error));
    }
  }
}

async function storedRows(cwd: string): Promise<ReadonlyMap<number, number>> {
  const answer = await duckhouse(
    [
      'query',
      '--json',
      'SELECT load, count(DISTINCT i)::INTEGER AS n, count(*)::INTEGER AS rows FROM loads GROUP BY load',
    ],
    { cwd },
  );
  assert.equal(answer.code, 0, answer.stderr);
  const found = JSON.parse(answer.stdout) as { load: number; n: number; rows: number }[];
  for (const { load, n, rows } of found) assert.equal(n, rows, `load ${load} is there more than once`);
  return new Map(found.map(({ load, rows }) => [load, rows]));
}

/** The acknowledged are there; the others whole or not at all. */
async function check(cwd: string, loads: readonly Load[]): Promise<void> {
  const stored = await storedRows(cwd);
  for (const { id, rows, acknowledged } of loads) {
    const there = stored.get(id) ?? 0;
    assert.ok(
      there === rows || (there === 0 && !acknowledged),
      `load ${id}: ${there} of ${rows} rows, acknowledged: ${acknowledged}`,
    );
  }
}

/** The process that is starting is in no file yet. */
function startingProcess(supervisor: number): number | undefined {
  try {
    return (
      Number(readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ')[0]) || undefined
    );
  } catch {
    return undefined; // not Linux
  }
}

async function killOnce(run: Run, whileStarting: boolean): Promise<void> {
  const { serverPid, pid } = await run.server.serverFile();
  process.kill(serverPid, 'SIGKILL');
  const killedAt = Date.now();
  if (whileStarting) {
    await pause(20 + run.random() * 150);
    const starting = startingProcess(pid);
    if (starting !== undefined && starting !== serverPid) process.kill(starting, 'SIGKILL');
  }
  await eventually('the next process', async () => (await run.server.serverFile()).serverPid !== serverPid, 20_000);
  if (!whileStarting) run.restarts.push(Date.now() - killedAt);
}

test(`what was acknowledged is there after each of ${kills} kills, the rest whole or not at all`, (t) =>
  inTemporaryFolder(async (cwd) => {
    const source = await openEngine({ database: ':memory:' });
    const askedAt = Date.now();
    const server = await serve(cwd);
    const startMs = Date.now() - askedAt;
    const run: Run = {
      server,
      source,
      loads: [],
      random: randomNumbers(seed),
      restarts: [],
      stopped: false,
    };
    await put(run, { id: -1, rows: 1, acknowledged: true });
    let checked = 0;
    let cutOff = 0;
    for (let kill = 0; kill < kills; kill++) {
      run.stopped = false;
      const writing = Promise.all(Array.from({ length: writers }, () => write(run)));
      await pause(50 + run.random() * 900);
      try {
        await killOnce(run, kill % 5 === 4);
      } catch (error) {
        t.diagnostic(`kill ${kill}: ${server.stderr().slice(-5000)}`);
        throw error;
      } finally {
        run.stopped = true; // or they would try for ever
      }
      await writing;
      await check(cwd, run.loads.slice(checked));
      // A client that does not know repeats its load: it is there once.
      for (const load of run.loads.slice(checked).filter(({ acknowledged }) => !acknowledged)) {
        assert.equal((await put(run, load)).rows, load.rows);
        load.acknowledged = true;
        cutOff++;
      }
      checked = run.loads.length;
    }
    await check(cwd, run.loads);
    const restarts = run.restarts.toSorted((a, b) => a - b);
    const [median, slow] = [0.5, 0.9].map((share) => restarts[Math.floor(share * restarts.length)] as number);
    t.diagnostic(
      `${run.loads.length} loads, ${cutOff} of them cut off; restarted after ${median} ms, nine in ten within ${slow} ms`,
    );
    // Killed this often, a process waits up to two seconds before its start, which takes as long as the machine lets it.
    assert.ok(
      (slow as number) < 2500 + 2 * startMs,
      `nine in ten restarts took up to ${slow} ms, a start ${startMs} ms`,
    );
    assert.ok(run.loads.length > kills && cutOff > kills / 2, `${run.loads.length} loads, ${cutOff} cut off`);
    assert.equal(await run.server.stop(), 0);
    const file = await openEngine({ database: `${cwd}/.duckhouse/warehouse.duckdb`, readOnly: true });
    const [total] = await queryRows(
      file,
      'SELECT count(*)::INTEGER AS n, (SELECT count(*)::INTEGER FROM _duckhouse.loads) AS ledger FROM loads',
    );
    assert.deepEqual(total, {
      n: 1 + run.loads.reduce((sum, { rows }) => sum + rows, 0),
      ledger: 1 + run.loads.length,
    });
    await file.close();
    await source.close();
  }));
