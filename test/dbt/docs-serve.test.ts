import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type DocsServer, serveDocs } from '../../src/dbt/docs/serve.ts';
import { runDbt } from '../../src/dbt/index.ts';
import { newFolder, newProject } from './project.ts';
import { dbt } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n';
const folder = newProject({
  'dbt_project.yml': 'name: shop\nversion: 1.0.0\nprofile: shop\nasset-paths: [assets]\n',
  'models/a.sql': 'select 1 as id',
  'models/a.yml': `models:\n  - name: a\n    description: "</script><img src=x onerror=alert(1)> ![p](assets/p.png)"\n`,
  'assets/p.png': 'not really',
  'profiles/profiles.yml': profile,
});
const target = path.join(folder, 'target');

let server: DocsServer;
before(async () => {
  const { code, text } = await dbt(folder, ['docs', 'generate', '--static']);
  assert.equal(code, 0, text);
  server = await serveDocs({ folder: target, host: '127.0.0.1', port: 0 });
});
after(() => server.close());

/** fetch() would tidy the path and set the host itself. */
function get(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: url, headers, method }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() }),
      );
    });
    request.on('error', reject).end();
  });
}

test('docs generate writes the page, with --static one that holds the artifacts', () => {
  const read = (name: string): string => readFileSync(path.join(target, name), 'utf8');
  assert.doesNotMatch(read('index.html'), /data-manifest"/);
  const inside = /id="data-manifest">(.*?)<\/script>/s.exec(read('static_index.html'))?.[1] ?? '{}';
  assert.deepEqual(JSON.parse(inside), JSON.parse(read('manifest.json')));
  assert.equal(read('assets/p.png'), 'not really');
});

test('the page and its artifacts are served with what a browser must know of them', async () => {
  const page = await get('/');
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(
    page.headers['content-security-policy'] as string,
    /^default-src 'none'; script-src 'sha256-.*frame-ancestors 'none'$/,
  );
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  const manifest = await get('/manifest.json?x=1');
  assert.equal(manifest.headers['content-type'], 'application/json; charset=utf-8');
  assert.ok('model.shop.a' in (JSON.parse(manifest.body) as { nodes: object }).nodes);
  assert.equal((await get('/assets/p.png')).headers['content-type'], 'image/png');
  const head = await get('/catalog.json', {}, 'HEAD');
  assert.deepEqual([head.status, head.body], [200, '']);
});

test('nothing else of the machine is served', async () => {
  writeFileSync(path.join(folder, 'secret.png'), 'x');
  symlinkSync(path.join(folder, 'secret.png'), path.join(target, 'link.png'));
  mkdirSync(path.join(target, 'folder.png'));
  const outside = [
    '/../dbt_project.yml',
    '/../secret.png',
    '/..%2fsecret.png',
    '/%2e%2e/secret.png',
    '/assets/../../secret.png',
    '/link.png',
    '/folder.png',
    '//etc/passwd',
    '/compiled/shop/models/a.sql',
    '/partial_parse.msgpack',
    '/a%00.png',
    '/%E0%A4%A',
    '/manifest.json/',
  ];
  for (const url of outside) assert.equal((await get(url)).status, 404, url);
  assert.equal((await get('/manifest.json', {}, 'POST')).status, 405);
  assert.equal((await get('/manifest.json', { host: 'evil.example' })).status, 421);
  assert.equal((await get('/manifest.json', { host: 'localhost:80' })).status, 200);
});

test('docs serve shows where, and ends when it is stopped', async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const running = runDbt(
    ['docs', 'serve', '--port', '0', '--no-browser'],
    {
      env: {},
      cwd: folder,
      signal: stop.signal,
      write: (text) => {
        lines.push(text);
        if (text.includes('Press Ctrl+C')) void look();
      },
    },
    {
      version: () => Promise.resolve(''),
      usage: '',
      summary: () => '',
      error: ({ message, hint }) => ({ message, hint }),
    },
  );
  let status = 0;
  const look = async (): Promise<void> => {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(lines.join(''))?.[0] ?? '';
    status = (await fetch(url)).status;
    stop.abort();
  };
  assert.equal(await running, 0);
  assert.equal(status, 200);
});

test('without artifacts it says how to make them; a taken port is named', async () => {
  const { code, text } = await dbt(newProject({ 'models/a.sql': 'select 1' }), ['docs', 'serve', '--no-browser']);
  assert.equal(code, 2);
  assert.match(text, /no manifest\.json in .*\n.*docs generate/);
  const port = Number(new URL(server.url).port);
  await assert.rejects(serveDocs({ folder: newFolder(), host: '127.0.0.1', port }), new RegExp(`127.0.0.1:${port}`));
});

test('the page takes the place of a link, and links among pictures are not followed', async () => {
  const outside = path.join(newFolder(), 'outside.txt');
  writeFileSync(outside, 'kept');
  rmSync(path.join(target, 'index.html'));
  symlinkSync(outside, path.join(target, 'index.html'));
  symlinkSync(outside, path.join(folder, 'assets/link.png'));
  assert.equal((await dbt(folder, ['docs', 'generate'])).code, 0);
  assert.equal(readFileSync(outside, 'utf8'), 'kept');
  assert.match(readFileSync(path.join(target, 'index.html'), 'utf8'), /<!doctype html>/);
  assert.equal(existsSync(path.join(target, 'assets/link.png')), false);
});
