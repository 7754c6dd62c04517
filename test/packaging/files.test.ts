import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { root } from './dockerfile.ts';

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

test('the package holds what runs, its documents and the starter, and nothing of the tests', () => {
  const { stdout, stderr, status } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  assert.equal(status, 0, stderr);
  const [{ files, size }] = JSON.parse(stdout) as [Packed];
  const paths = files.map((file) => file.path);
  for (const wanted of [
    'package.json',
    'LICENSE',
    'README.md',
    'README.fr.md',
    'CHANGELOG.md',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/flight/client-api.js',
    'dist/bin/duckhouse.js',
    'dist/dbt/docs/page/main.js',
    'examples/starter/duckhouse.yaml',
    'examples/starter/.env.example',
    'examples/starter/ingestion/data/flights.csv',
  ])
    assert.ok(paths.includes(wanted), `${wanted} is missing`);
  const allowed =
    /^(dist\/(?!testing\/).*\.(js|d\.ts|json|sql)|dist\/dbt\/docs\/page\/(index\.html|page\.css)|examples\/starter\/.*|docs\/.*\.md|README(\.fr)?\.md|CHANGELOG\.md|LICENSE|package\.json)$/;
  assert.deepEqual(
    paths.filter(
      (path) => !allowed.test(path) || /\.duckhouse\/|(^|\/)\.env$|tsbuildinfo|\.stamp|\/(target|logs)\//.test(path),
    ),
    [],
  );
  assert.equal((files.find(({ path }) => path === 'dist/bin/duckhouse.js')?.mode ?? 0) & 0o111, 0o111);
  assert.ok(size < 2e6, `${size} bytes`);
});
