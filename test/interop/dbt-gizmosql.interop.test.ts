import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { type RunningServer, runServer } from '../flight/running-server.ts';
import { pinnedIn, pythonWith } from './python.ts';
import { run } from './tool.ts';

// Real dbt-core against the server, through dbt-gizmosql.
const python = await pythonWith(...pinnedIn('dbt-gizmosql.txt'));
const auth = { username: 'jane', password: 'se-cret' };
const project = path.resolve(import.meta.dirname, '../../../test/fixtures/dbt-small');

interface Results {
  readonly results: readonly { readonly unique_id: string; readonly status: string; readonly message: string | null }[];
}

/** A copy of the small project that knows the server. */
function workspace({ port }: RunningServer): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-dbt-'));
  cpSync(project, folder, { recursive: true });
  mkdirSync(path.join(folder, 'profiles'));
  writeFileSync(
    path.join(folder, 'profiles', 'profiles.yml'),
    `small:
  target: dev
  outputs:
    dev: {type: gizmosql, host: 127.0.0.1, port: ${port}, user: ${auth.username}, password: ${auth.password}, use_encryption: false, database: memory, schema: main, threads: 4}
`,
  );
  return folder;
}

async function dbt(folder: string, ...args: readonly string[]): Promise<Results['results']> {
  const { code, stdout, stderr } = await run(
    python.program('dbt'),
    [...args, '--profiles-dir', 'profiles', '--no-use-colors'],
    { cwd: folder, timeoutMs: 300_000, env: { DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' } },
  );
  assert.equal(code, 0, `${stdout.slice(-3000)}${stderr.slice(-1000)}`);
  return (JSON.parse(readFileSync(path.join(folder, 'target', 'run_results.json'), 'utf8')) as Results).results;
}

test('dbt build, twice: seeds, models of every kind, snapshots, tests and docs', {
  skip: python.skip,
  timeout: 600_000,
}, async () => {
  const running = await runServer({ auth });
  const folder = workspace(running);
  try {
    for (let turn = 0; turn < 2; turn++) {
      const results = await dbt(folder, 'build');
      assert.deepEqual(
        results.filter(({ status }) => status !== 'success' && status !== 'pass'),
        [],
      );
      assert.equal(results.length, 11);
    }
    assert.deepEqual(await running.rows('SELECT * FROM totals ORDER BY customer'), [
      { customer: 'ada', orders: 2n, amount: '30.50' },
      { customer: 'bob', orders: 1n, amount: '7.25' },
    ]);
    assert.deepEqual(await running.rows('SELECT count(*)::INTEGER AS n FROM growing'), [{ n: 3 }]);
    assert.deepEqual(
      await running.rows('SELECT count(*)::INTEGER AS n FROM main.kept_orders WHERE dbt_valid_to IS NULL'),
      [{ n: 3 }],
    );
    await dbt(folder, 'docs', 'generate');
    const catalog = JSON.parse(readFileSync(path.join(folder, 'target', 'catalog.json'), 'utf8')) as { nodes: object };
    assert.ok('model.small.totals' in catalog.nodes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await running.close();
  }
});
