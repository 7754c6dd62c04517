import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { isDuckhouseError } from '../../src/errors.ts';
import { connectFlight } from '../../src/flight/index.ts';
import { duckhouse, eventually, inTemporaryFolder, serve } from '../workspace.ts';

const endless = 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3';

async function one(uri: string, sql: string, retries = 0): Promise<number> {
  const client = connectFlight({ uri, retries });
  try {
    let rows = 0;
    for await (const message of (await client.query(sql)).messages) {
      rows += message.rows;
      message.release();
    }
    return rows;
  } finally {
    client.close();
  }
}

test('serve says where it is, answers, and leaves nothing behind after SIGTERM', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    const file = await server.serverFile();
    assert.deepEqual([file.flight, file.http, file.pid], [server.flight, server.http, server.child.pid]);
    assert.notEqual(file.serverPid, file.pid);
    assert.equal(await one(server.flight, 'FROM range(3)'), 3);
    assert.deepEqual(await (await fetch(`${server.http}/livez`)).json(), { live: true });
    assert.deepEqual(await (await fetch(`${server.http}/readyz`)).json(), { ready: true });
    assert.equal(((await (await fetch(`${server.http}/version`)).json()) as { duckdb: string }).duckdb, 'v1.5.5');
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    assert.match(metrics, /duckhouse_flight_calls_total\{method="DoGet",code="OK"\} 1\n/);
    assert.match(metrics, /duckhouse_wal_bytes \d+/);
    assert.equal((await fetch(`${server.http}/nothing`)).status, 404);
    assert.equal((await fetch(`${server.http}/livez`, { method: 'POST' })).status, 405);
    assert.equal((await duckhouse(['health'], { cwd })).stdout, 'ready\n');
    const { stdout } = await duckhouse(['health', '--json'], { cwd });
    assert.deepEqual(JSON.parse(stdout), { ready: true, server: server.flight });
    assert.equal(await server.stop(), 0);
    assert.equal(existsSync(path.join(cwd, '.duckhouse', 'server.json')), false);
    assert.equal(existsSync(path.join(cwd, '.duckhouse', 'server.lock')), false);
    assert.equal((await duckhouse(['health'], { cwd })).code, 5);
  }));

test('a killed server process is started again: what was committed is there, connections made meanwhile wait', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    await one(server.flight, 'CREATE TABLE t AS FROM range(10)');
    const { serverPid } = await server.serverFile();
    const unlucky = one(server.flight, endless);
    unlucky.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.kill(serverPid, 'SIGKILL');
    const startedAt = Date.now();
    await assert.rejects(unlucky, (error: unknown) => isDuckhouseError(error) && error.kind === 'Unavailable');
    assert.equal(await one(server.flight, 'FROM t'), 10);
    assert.ok(Date.now() - startedAt < 3000, `back after ${Date.now() - startedAt} ms`);
    await eventually('the new process in server.json', async () => (await server.serverFile()).serverPid !== serverPid);
    assert.match(server.stderr(), /the server process ended \(SIGKILL\); starting it again/);
    assert.equal(await server.stop(), 0);
  }));

test('clients that keep coming while the process is killed again and again get an answer or UNAVAILABLE, in time', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    await one(server.flight, 'CREATE TABLE t AS FROM range(10)');
    const outcomes = new Map<string, number>();
    let stopped = false;
    const client = async (): Promise<void> => {
      while (!stopped) {
        const outcome = await one(server.flight, 'FROM t').then(String, (error: unknown) =>
          isDuckhouseError(error) ? error.kind : String(error),
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    const clients = Array.from({ length: 6 }, client);
    for (let kill = 0; kill < 4; kill++) {
      const { serverPid } = await server.serverFile();
      const answered = outcomes.get('10') ?? 0;
      process.kill(serverPid, 'SIGKILL');
      const startedAt = Date.now();
      await eventually(
        'answers',
        async () => (await server.serverFile()).serverPid !== serverPid && (outcomes.get('10') ?? 0) > answered + 10,
      );
      assert.ok(Date.now() - startedAt < 3000, `back after ${Date.now() - startedAt} ms`);
    }
    stopped = true;
    await Promise.all(clients);
    assert.deepEqual(
      [...outcomes.keys()].filter((outcome) => outcome !== '10' && outcome !== 'Unavailable'),
      [],
    );
    assert.equal(await server.stop(), 0);
  }));

test('SIGTERM lets a slow reader have all its rows and refuses new work, a second one stops at once', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    const client = connectFlight({ uri: server.flight, retries: 0 });
    const stream = await client.query("SELECT i, repeat('x', 1000) FROM range(20000) t(i)");
    let rows = 0;
    let ended: Promise<number | null> | undefined;
    for await (const message of stream.messages) {
      rows += message.rows;
      message.release();
      if (ended === undefined) {
        ended = server.stop();
        await eventually(
          'draining',
          async () => (await fetch(`${server.http}/readyz`).catch(() => undefined))?.status === 503,
        );
        await assert.rejects(
          one(server.flight, 'SELECT 1'),
          (error: unknown) => isDuckhouseError(error) && error.kind === 'Unavailable',
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(rows, 20_000);
    client.close();
    assert.equal(await ended, 0);

    const stubborn = await serve(cwd);
    const stuck = one(stubborn.flight, endless);
    stuck.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    stubborn.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(stubborn.child.exitCode, null);
    assert.equal(await stubborn.stop(), 0);
    await assert.rejects(stuck);
  }));

test('a second server in the workspace, or on its file, is refused with the pid of the first', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    const second = await duckhouse(['serve', '--flight-port', '0', '--http-port', '0'], { cwd });
    assert.deepEqual([second.code, second.stderr.includes(`(pid ${server.child.pid})`)], [1, true], second.stderr);
    const { serverPid } = await server.serverFile();
    await inTemporaryFolder(async (elsewhere) => {
      const other = await duckhouse(
        [
          'serve',
          '--flight-port',
          '0',
          '--http-port',
          '0',
          '--database',
          path.join(cwd, '.duckhouse', 'warehouse.duckdb'),
        ],
        { cwd: elsewhere },
      );
      assert.deepEqual([other.code, other.stderr.includes(`(pid ${serverPid})`)], [5, true], other.stderr);
    });
    assert.equal(await server.stop(), 0);
  }));

test('what a killed supervisor left is recognised, and its server process ends by itself', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    const { serverPid } = await server.serverFile();
    await server.stop('SIGKILL');
    await eventually(
      'the server process to end',
      () => !existsSync(`/proc/${serverPid}`) || process.platform !== 'linux',
    );
    assert.equal((await duckhouse(['health'], { cwd })).code, 5);
    const query = await duckhouse(['ls'], { cwd });
    assert.deepEqual(
      [query.code, query.stderr],
      [0, 'no tables yet; try: duckhouse ingest FILE\n'.replace('FILE', 'FILE.csv')],
    );
    const next = await serve(cwd);
    assert.equal(await next.stop(), 0);
  }));

test('a server started right after a supervisor was killed waits for the orphaned process to let go of the database', () =>
  inTemporaryFolder(async (cwd) => {
    const killed = await serve(cwd);
    await one(killed.flight, 'CREATE TABLE t AS FROM range(10)');
    const busy = one(killed.flight, endless);
    busy.catch(() => undefined);
    await killed.stop('SIGKILL');
    const next = await serve(cwd);
    assert.equal(await one(next.flight, 'FROM t'), 10);
    assert.equal(await next.stop(), 0);
  }));

test('a taken port, an exposed address without protection and a broken configuration are refused', () =>
  inTemporaryFolder(async (cwd) => {
    const holder = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as net.AddressInfo;
    const busy = await duckhouse(['serve', '--flight-port', String(port), '--http-port', '0'], { cwd });
    assert.equal(busy.code, 5);
    assert.match(
      busy.stderr,
      process.platform === 'linux'
        ? new RegExp(`^error: port ${port} is taken by process ${process.pid}\\n`)
        : new RegExp(`^error: port ${port} is taken`),
    );
    holder.close();
    const exposed = await duckhouse(['serve', '--host', '0.0.0.0'], { cwd });
    assert.deepEqual(
      [exposed.code, /needs a password and TLS/.test(exposed.stderr), /--insecure/.test(exposed.stderr)],
      [2, true, true],
    );
    await writeFile(path.join(cwd, 'duckhouse.yaml'), 'flight:\n  prot: 1\n');
    const broken = await duckhouse(['serve'], { cwd });
    assert.deepEqual(
      [broken.code, broken.stderr],
      [
        2,
        'error: duckhouse.yaml:2: unknown setting "flight.prot"\nhint: did you mean flight.port?\n'.replace(
          'did you mean flight.port?',
          broken.stderr.split('hint: ')[1]?.trim() ?? '',
        ),
      ],
    );
    assert.match(broken.stderr, /flight\.port/);
  }));

test('a statement that takes too much memory is ended with its process; others wait for the next one and get their answers', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd, ['--memory-wall', '400MB']);
    await one(server.flight, 'CREATE TABLE kept AS FROM range(5)');
    const { serverPid } = await server.serverFile();
    const bomb = assert.rejects(
      one(server.flight, "SELECT length(repeat('x', 2000000000))"),
      (error: unknown) =>
        isDuckhouseError(error) && ['Unavailable', 'Cancelled', 'ResourceExhausted'].includes(error.kind),
    );
    const outcomes = new Set<string>();
    await eventually(
      'the next process',
      async () => {
        outcomes.add(
          await one(server.flight, 'FROM kept').then(String, (error: unknown) =>
            isDuckhouseError(error) ? error.kind : String(error),
          ),
        );
        return (await server.serverFile()).serverPid !== serverPid;
      },
      20_000,
    );
    await bomb;
    assert.equal(await one(server.flight, 'FROM kept', 3), 5);
    assert.deepEqual(
      [...outcomes].filter((outcome) => outcome !== '5' && outcome !== 'Unavailable'),
      [],
    );
    assert.match(server.stderr(), /memory wall reached, interrupting a statement/);
    assert.match(server.stderr(), /the server process ended \(memory wall\); starting it again/);
    assert.equal(await server.stop(), 0);
  }));

test('a memory wall below what the server itself needs is refused', () =>
  inTemporaryFolder(async (cwd) => {
    const refused = await duckhouse(['serve', '--memory-wall', '50MB'], { cwd });
    assert.deepEqual(
      [refused.code, refused.stderr.split('\n')[0]],
      [2, 'error: --memory-wall: memory.wall must be >= 200MB, not "50MB"'],
    );
  }));

test('a password is asked for, in French too, and never printed', () =>
  inTemporaryFolder(async (cwd) => {
    const password = 'pa:ss wörd';
    const server = await serve(cwd, [], { DUCKHOUSE_PASSWORD: password });
    const denied = await duckhouse(['query', 'SELECT 1', '--server', server.flight], { cwd });
    assert.equal(denied.code, 4);
    assert.equal((await duckhouse(['query', 'SELECT 1'], { cwd })).code, 0, 'the owner of the workspace');
    const wrong = await duckhouse(['query', 'SELECT 1'], {
      cwd,
      env: { DUCKHOUSE_PASSWORD: 'no', DUCKHOUSE_LANG: 'fr' },
    });
    assert.match(wrong.stderr, /nom d'utilisateur ou mot de passe incorrect/);
    const allowed = await duckhouse(['query', 'SELECT 1 AS a'], { cwd, env: { DUCKHOUSE_PASSWORD: password } });
    assert.equal(allowed.stdout, '{"a":1}\n', allowed.stderr);
    const shown = await duckhouse(['config', 'show', '--origin'], { cwd, env: { DUCKHOUSE_PASSWORD: password } });
    assert.match(shown.stdout, /password +\*\*\* +DUCKHOUSE_PASSWORD/);
    for (const text of [server.stderr(), denied.stderr, wrong.stderr, shown.stdout])
      assert.ok(!text.includes(password));
    await server.stop();
  }));
