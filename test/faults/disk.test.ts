import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isDuckhouseError } from '../../src/errors.ts';
import { connectFlight, type FlightClient } from '../../src/flight/index.ts';
import { duckhouse, inTemporaryFolder, serve } from '../workspace.ts';

const megabytes = 12;

/** A small file system of its own, where that is allowed. */
function mountSmall(folder: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  mkdirSync(folder, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status === 0;
}

async function largeCsv(file: string): Promise<void> {
  const out = createWriteStream(file);
  out.write('a,b,c\n');
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  for (let i = 0; i < 200_000; i++) {
    if (!out.write(`${i},${hash(`b${i}`)},${hash(`c${i}`)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

async function run(client: FlightClient, sql: string): Promise<void> {
  for await (const message of (await client.query(sql)).messages) message.release();
}

test('a full disk fails what needs it and nothing else: no half tables, the server answers, and goes on when there is room', (t) =>
  inTemporaryFolder(async (folder) => {
    const cwd = path.join(folder, 'small');
    if (!mountSmall(cwd)) return t.skip('a small file system cannot be mounted here');
    let client: FlightClient | undefined;
    try {
      await largeCsv(path.join(folder, 'large.csv'));
      writeFileSync(path.join(folder, 'few.csv'), 'a\n1\n2\n');
      writeFileSync(path.join(cwd, 'filling'), Buffer.alloc(2 << 20));
      const server = await serve(cwd);
      client = connectFlight({ uri: server.flight, retries: 0 });
      assert.equal((await duckhouse(['ingest', '../few.csv'], { cwd })).code, 0);
      const large = await duckhouse(['ingest', '../large.csv', '--quiet'], { cwd });
      assert.equal(large.code, 1);
      assert.match(large.stderr, /error: .*[Nn]o space left/);
      await assert.rejects(
        run(
          client,
          'CREATE TABLE made AS SELECT i, md5(i::VARCHAR) || sha256(i::VARCHAR) AS s FROM range(500000) t(i)',
        ),
        (error: unknown) =>
          isDuckhouseError(error) && error.kind === 'ResourceExhausted' && /space/.test(error.message),
      );
      const tables = JSON.parse((await duckhouse(['ls', '--json'], { cwd })).stdout) as {
        name: string;
        rows: number;
      }[];
      assert.deepEqual(
        tables.map(({ name, rows }) => [name, rows]),
        [['few', 2]],
      );
      assert.equal((await fetch(`${server.http}/readyz`)).status, 503);
      rmSync(path.join(cwd, 'filling'));
      assert.ok(statfsSync(cwd).bavail > 0);
      assert.equal((await duckhouse(['ingest', '../few.csv', '--again'], { cwd })).code, 0);
      assert.equal(await server.stop(), 0);
      const after = await duckhouse(['query', 'SELECT count(*) AS n FROM few'], { cwd });
      assert.equal(after.stdout, '{"n":4}\n', after.stderr);
    } finally {
      client?.close();
      spawnSync('umount', ['-l', cwd]);
    }
  }));
