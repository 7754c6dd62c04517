import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { docsPage } from '../../src/dbt/docs/page.ts';
import { newFolder } from './project.ts';

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);
const skip = browser === undefined ? 'no chromium is installed' : false;

/** The document as it is after its scripts ran. */
async function show(manifest: object, hash: string): Promise<string> {
  const folder = newFolder();
  const file = path.join(folder, 'static_index.html');
  writeFileSync(file, docsPage({ manifest: JSON.stringify(manifest), catalog: '{}' }).html);
  const args = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}/profile`, '--lang=en'];
  const { stdout } = await promisify(execFile)(
    browser as string,
    [...args, '--virtual-time-budget=5000', '--dump-dom', `${pathToFileURL(file).href}${hash}`],
    { maxBuffer: 1 << 27, timeout: 120_000 },
  );
  return stdout.slice(stdout.indexOf('<body'));
}

const evil = `</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">[a](javascript:alert(1))`;

test('a hostile project is text in the page', { skip }, async () => {
  const id = `model.shop.${evil}`;
  const node = {
    resource_type: 'model',
    name: evil,
    package_name: evil,
    original_file_path: `models/${evil}.sql`,
    description: evil,
    columns: { [evil]: { name: evil, description: evil, data_type: evil } },
    config: { materialized: evil, meta: { [evil]: evil } },
    tags: [evil],
    raw_code: evil,
  };
  const manifest = { metadata: { project_name: evil }, nodes: { [id]: node } };
  for (const hash of [
    `#!/model/${encodeURIComponent(id)}`,
    '#!/graph',
    '#!/overview',
    `#!/search/${encodeURIComponent('owned')}`,
  ]) {
    const body = await show(manifest, hash);
    assert.ok(body.includes('&lt;/script&gt;'), hash);
    const found = /<img|<script|href="javascript|<\w+(?: [\w-]+(?:="[^"]*")?)* onerror=|<main role="alert"/i.exec(
      body,
    )?.[0];
    assert.equal(found, undefined, hash);
  }
});

test('2,000 models: the whole lineage is drawn', { skip }, async () => {
  const name = (i: number): string => `model.big.m${i}`;
  const nodes = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [
      name(i),
      { resource_type: 'model', name: `m${i}`, package_name: 'big', original_file_path: `models/f${i % 20}/m${i}.sql` },
    ]),
  );
  const parents = Object.fromEntries(
    Array.from({ length: 1950 }, (_, i) => [name(i + 50), [name(i), name((i * 7) % (i + 50))]]),
  );
  const body = await show({ metadata: { project_name: 'big' }, nodes, parent_map: parents }, '#!/graph');
  assert.equal(body.match(/class="node"/g)?.length, 2000);
  assert.match(body, /2,000 nodes, 3,\d\d\d dependencies/);
});
