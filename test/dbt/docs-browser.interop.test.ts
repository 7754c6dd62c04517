import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { docsPage } from '../../src/dbt/docs/page.ts';
import { chromium, openPage } from './browser.ts';
import { newFolder } from './project.ts';

const skip = chromium === undefined ? 'no chromium is installed' : false;

/** The document as it is after its scripts ran. */
async function show(manifest: object, hash: string): Promise<string> {
  const folder = newFolder();
  const file = path.join(folder, 'static_index.html');
  writeFileSync(file, docsPage({ manifest: JSON.stringify(manifest), catalog: '{}' }).html);
  const args = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}/profile`, '--lang=en'];
  const { stdout } = await promisify(execFile)(
    chromium as string,
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

const small = {
  metadata: { project_name: 'shop' },
  nodes: Object.fromEntries(
    ['a', 'b', 'c'].map((name) => [
      `model.shop.${name}`,
      {
        resource_type: 'model',
        name,
        package_name: 'shop',
        original_file_path: `models/${name}.sql`,
        description: `The ${name}`,
      },
    ]),
  ),
  parent_map: { 'model.shop.b': ['model.shop.a'], 'model.shop.c': ['model.shop.b'] },
  child_map: { 'model.shop.a': ['model.shop.b'], 'model.shop.b': ['model.shop.c'] },
};

test('the page is used with keys alone', { skip }, async () => {
  const folder = newFolder();
  const file = path.join(folder, 'static_index.html');
  writeFileSync(file, docsPage({ manifest: JSON.stringify(small), catalog: '{}' }).html);
  const page = await openPage(`${pathToFileURL(file).href}#!/graph`, path.join(folder, 'profile'));
  try {
    const focused = () => page.evaluate<string>("document.activeElement?.getAttribute('data-id') ?? ''");
    await page.evaluate(
      'new Promise((done) => { const look = () => document.querySelector(".node") ? done(1) : setTimeout(look, 50); look(); })',
    );
    assert.equal(
      await page.evaluate('document.querySelectorAll(\'.node[tabindex="0"]\').length'),
      1,
      'one stop for Tab',
    );
    await page.evaluate('document.querySelector(\'.node[tabindex="0"]\').focus()');
    assert.equal(await focused(), 'model.shop.a');
    await page.press('ArrowRight');
    assert.equal(await focused(), 'model.shop.b');
    assert.equal(await page.evaluate("document.querySelectorAll('.edges .lit').length"), 2, 'its edges are marked');
    const label = await page.evaluate("document.activeElement.getAttribute('aria-label')");
    assert.equal(label, 'model b: depends on 1, used by 1');
    await page.press('ArrowLeft');
    assert.equal(await focused(), 'model.shop.a');
    await page.press('Enter');
    assert.equal(await page.evaluate('location.hash'), '#!/model/model.shop.a');
    assert.equal(await page.evaluate('document.activeElement.tagName'), 'H1', 'what was opened is read out');
    assert.equal(await page.evaluate("document.querySelector('nav a[aria-current=page]')?.dataset.id"), 'model.shop.a');
    await page.press('/');
    assert.equal(await page.evaluate('document.activeElement.type'), 'search');
    for (const key of 'the c') await page.press(key);
    assert.equal(await page.evaluate('location.hash'), '#!/search/the%20c');
    assert.deepEqual(
      await page.evaluate("[...document.querySelectorAll('.results a')].map((one) => one.textContent)"),
      ['model c'],
    );
    assert.match(await page.evaluate("document.querySelector('[role=status]').textContent"), /1 found for/);
  } finally {
    await page.close();
  }
});
