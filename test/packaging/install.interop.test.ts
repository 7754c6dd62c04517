import assert from 'node:assert/strict';
import { execFile, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from '../workspace.ts';
import { root } from './dockerfile.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-package-'));
const app = path.join(folder, 'app');
const env = { ...process.env, DUCKHOUSE_LANG: 'en', npm_config_loglevel: 'error' };

const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { cwd: app, env, maxBuffer: 1 << 26 })).stdout;
const npx = (...args: string[]): Promise<string> => run('npx', '--no-install', 'duckhouse', ...args);

before(async () => {
  mkdirSync(app);
  await promisify(execFile)('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root, env });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
  writeFileSync(path.join(app, 'package.json'), '{"name": "app", "private": true, "type": "module"}\n');
  await run('npm', 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', path.join(folder, tarball));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the packed tarball, installed in another folder, brings the command: init, ingest, query', async () => {
  assert.match(await npx('version'), /^duckhouse \d+\.\d+\.\d+\nduckdb v1\.5\.5\n/);
  await npx('init', 'shop');
  writeFileSync(path.join(app, 'shop', 'ingestion', 'data', 'sales.csv'), 'item,price\npear,1.5\nplum,2\n');
  await npx('ingest', '--workspace', 'shop', 'shop/ingestion/data/sales.csv');
  assert.equal(
    await npx('query', '--workspace', 'shop', '--format', 'csv', 'SELECT sum(price) AS total FROM sales'),
    'total\n3.5\n',
  );
});

test('the starter that is in the package comes up', async () => {
  const starter = path.join(app, 'node_modules', 'datahut-duckhouse', 'examples', 'starter');
  const shown = await npx('up', '--exit', '--flight-port', '0', '--http-port', '0', starter);
  assert.match(shown, /flights\.csv .*loaded 27,004 rows/);
});

/** Runs `use` while the server of the workspace `shop` runs. */
async function withServer(use: (uri: string) => Promise<void>): Promise<void> {
  const options: SpawnOptions = { cwd: app, env, stdio: ['ignore', 'pipe', 'inherit'] };
  const bin = path.join(app, 'node_modules', '.bin', 'duckhouse');
  const server = spawn(bin, ['serve', '--workspace', 'shop', '--flight-port', '0', '--http-port', '0'], options);
  try {
    let ready = '';
    server.stdout?.on('data', (chunk: Buffer) => {
      ready += chunk.toString();
    });
    await eventually('the ready line', () => ready.includes('\n'), 20_000);
    await use(/flight=(\S+)/.exec(ready)?.[1] as string);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

test('its client is a module with types', () =>
  withServer(async (uri) => {
    writeFileSync(
      path.join(app, 'use.ts'),
      `import { connectFlight, type FlightStream } from 'datahut-duckhouse/client';
const client = connectFlight({ uri: process.argv[2] as string });
const { schema, messages }: FlightStream = await client.query('SELECT 42 AS answer');
let rows = 0;
for await (const message of messages) {
  rows += message.rows;
  message.release();
}
client.close();
console.log(JSON.stringify([schema.fields.map(({ name }) => name), rows]));
`,
    );
    const compile = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    const typeRoots = ['--typeRoots', path.join(root, 'node_modules', '@types')];
    await run(process.execPath, path.join(root, 'node_modules/typescript/bin/tsc'), ...compile, ...typeRoots, 'use.ts');
    assert.equal(await run(process.execPath, 'use.js', uri), '[["answer"],1]\n');
  }));

/** What another version does to the files: those that are loaded late have other names. */
function replaceCode(): void {
  const dist = path.join(app, 'node_modules', 'datahut-duckhouse', 'dist');
  const late = readdirSync(path.join(dist, 'chunks')).filter((name) => name.endsWith('.js'));
  for (const name of readdirSync(dist, { recursive: true }).map(String)) {
    if (!name.endsWith('.js')) continue;
    const text = readFileSync(path.join(dist, name), 'utf8');
    const renamed = late.reduce((sum, one) => sum.replaceAll(one, `new-${one}`), text);
    if (renamed !== text) writeFileSync(path.join(dist, name), renamed);
  }
  for (const name of late) renameSync(path.join(dist, 'chunks', name), path.join(dist, 'chunks', `new-${name}`));
}

test('a server whose package is replaced goes on: loads, queries, its first dbt command', () =>
  withServer(async () => {
    const project = path.join(app, 'shop', 'transform', 'dbt_project');
    mkdirSync(path.join(project, 'models'), { recursive: true });
    writeFileSync(path.join(project, 'dbt_project.yml'), 'name: x\nprofile: x\n');
    writeFileSync(path.join(project, 'models', 'm.sql'), 'select 1 as a');
    writeFileSync(
      path.join(app, 'shop', 'config', 'dbt_profiles.yml'),
      'x: {target: dev, outputs: {dev: {type: duckdb, path: "../../.duckhouse/warehouse.duckdb"}}}\n',
    );
    replaceCode();
    assert.match(await npx('dbt', 'run', '--workspace', 'shop'), /OK created sql view model main\.m /);
    await npx('ingest', '--workspace', 'shop', '--again', 'shop/ingestion/data/sales.csv');
    assert.equal(await npx('query', '--workspace', 'shop', 'SELECT count(*) AS n FROM sales, m'), '{"n":4}\n');
  }));

test('once installed it is installed again without a network', async () => {
  await run('npm', 'ci', '--offline', '--ignore-scripts', '--no-audit');
  assert.equal(await npx('query', '--workspace', 'shop', 'SELECT 42 AS answer'), '{"answer":42}\n');
});
