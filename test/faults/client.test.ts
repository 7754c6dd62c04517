import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, type RunningServer, runServer } from '../flight/running-server.ts';

async function withServer(work: (running: RunningServer) => Promise<void>): Promise<void> {
  const running = await runServer();
  try {
    await work(running);
  } finally {
    await running.close();
  }
}

/** Starts the client that puts for ever and waits until much of it has come. */
async function putForEver({ port }: RunningServer) {
  const program = fileURLToPath(new URL('./put-program.js', import.meta.url));
  const child = spawn(process.execPath, [program, `grpc://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('a client process killed in the middle of a put leaves no table, and the server goes on', () =>
  withServer(async (running) => {
    for (const before of [false, true]) {
      if (before) await running.lakehouse.engine.execute("CREATE TABLE killed AS SELECT 1::BIGINT AS i, 'kept' AS s");
      const child = await putForEver(running);
      child.kill('SIGKILL');
      await eventually('the put ended', () => running.server.openCalls() === 0);
      const tables = (await running.lakehouse.listTables()).map(({ name, rows }) => [name, rows]);
      assert.deepEqual(tables, before ? [['killed', 1]] : []);
      assert.deepEqual(await running.rows('SELECT 42 AS a'), [{ a: 42 }]);
      assert.equal(running.lakehouse.engine.stats().openResults, 0);
    }
  }));

test('a client that is stopped in the middle of a put holds up nobody, and is ended with the server', () =>
  withServer(async (running) => {
    const child = await putForEver(running);
    child.kill('SIGSTOP');
    try {
      await running.lakehouse.engine.execute('CREATE TABLE other AS FROM range(1000)');
      assert.deepEqual(await running.rows('SELECT count(*)::INTEGER AS n FROM other'), [{ n: 1000 }]);
      assert.deepEqual(
        (await running.lakehouse.listTables()).map(({ name }) => name),
        ['other'],
      );
    } finally {
      child.kill('SIGKILL');
    }
  }));
