import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** Floors of the rooms under src/: imports only go down. */
const floors: Readonly<Record<string, number>> = {
  testing: 9,
  'errors.ts': 0,
  'log.ts': 0,
  'metrics.ts': 0,
  'sql.ts': 0,
  'concurrency.ts': 0,
  'version.ts': 0.5,
  messages: 0.5,
  arrow: 1,
  jinja: 1,
  engine: 2,
  access: 2.5,
  lakehouse: 3,
  ingest: 4,
  flight: 5,
  dbt: 5,
  monitor: 5,
  config: 6,
  supervisor: 7,
  cli: 7.5,
  bin: 8,
  'index.ts': 8,
};

const root = path.resolve(import.meta.dirname, '../../..');
const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => path.relative(path.join(root, 'src'), path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));

const textOf = (file: string): string => readFileSync(path.join(root, 'src', file), 'utf8');
const roomOf = (file: string): string => file.split('/')[0] as string;

function importsOf(file: string): string[] {
  const found = [...textOf(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] as string);
  return found.map((specifier) => path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier)));
}

/** Read without loading the rest of their rooms: the table of settings, which is data, the client, which is an export, and what it shows. */
const doors: ReadonlySet<string> = new Set(['config/settings.ts', 'flight/client-api.ts', 'access/owner-token.ts']);

test('every room has a floor, and imports go down through index.ts only', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const from = roomOf(file);
    assert.ok(from in floors, `${from} has no floor`);
    for (const target of importsOf(file)) {
      const to = roomOf(target);
      if (to === from) {
        if (target.endsWith('/index.ts')) wrong.push(`${file} imports the index of its own room`);
        continue;
      }
      if ((floors[to] as number) >= (floors[from] as number))
        wrong.push(`${file} imports ${target}, which is not below it`);
      const allowed = target.endsWith('index.ts') || !target.includes('/') || doors.has(target);
      if (!allowed) wrong.push(`${file} imports ${target} past its room's index.ts`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** Fails on nodes that reach themselves; `edges` of a node that is not there are none. */
function assertNoCycle(nodes: Iterable<string>, edges: (node: string) => Iterable<string>): void {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(node), `cycle: ${[...trail, node].join(' -> ')}`);
    if (done.has(node)) return;
    for (const next of edges(node)) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of nodes) visit(node, []);
}

test('no file imports itself over others', () => {
  assertNoCycle(sources, importsOf);
});

test('no folder of a room imports itself over others', () => {
  const folderOf = (file: string): string => file.split('/').slice(0, 2).join('/');
  const graph = new Map<string, Set<string>>();
  for (const file of sources) {
    const folder = folderOf(file);
    const reached = graph.get(folder) ?? new Set();
    graph.set(folder, reached);
    for (const target of importsOf(file)) if (folderOf(target) !== folder) reached.add(folderOf(target));
  }
  assertNoCycle(graph.keys(), (folder) => graph.get(folder) ?? []);
});

test('the environment is read in config/, bin/ and by the supervisor for its child only, argv in bin/ only', () => {
  const readers = sources.filter((file) => /process\.env\b/.test(textOf(file))).map(roomOf);
  assert.deepEqual([...new Set(readers)].sort(), ['bin', 'config', 'supervisor']);
  assert.deepEqual(
    sources.filter((file) => /process\.argv\b/.test(textOf(file))),
    ['bin/duckhouse.ts', 'testing/jinja-cases.ts'],
  );
});

test('only the engine loads native code', () => {
  assert.deepEqual([...new Set(sources.filter((file) => /'koffi'/.test(textOf(file))).map(roomOf))], ['engine']);
});

test('files stay below 500 lines and hold no unfinished marks', () => {
  for (const file of sources) {
    const text = textOf(file);
    assert.ok(text.split('\n').length <= 500, `${file} is too long`);
    assert.doesNotMatch(text, /\b(TODO|FIXME|XXX|HACK)\b/, file);
    assert.doesNotMatch(text, /@ts-(ignore|nocheck)|\bas any\b|: any[;,)[\]>= ]/, file);
  }
});

test('the runtime dependencies are these, pinned exactly', () => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  assert.deepEqual(manifest.dependencies, {
    '@duckdb/node-bindings': '1.5.5-r.5',
    commander: '14.0.3',
    flatbuffers: '25.9.23',
    fzstd: '0.1.1',
    koffi: '3.3.4',
    yaml: '2.9.1',
  });
});

test('every path that ARCHITECTURE.md names exists, and it stays short', () => {
  const text = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');
  const named = [...text.matchAll(/`((?:src|test|docs|bench|scripts|examples)\/[^`*{}<> ]*)`/g)].map(
    (match) => match[1] as string,
  );
  const rooms = Object.keys(floors).map((room) => `src/${room}${room.endsWith('.ts') ? '' : '/'}`);
  assert.deepEqual(
    rooms.filter((room) => !named.includes(room)),
    [],
    'rooms that are not in ARCHITECTURE.md',
  );
  assert.ok(named.length > 20);
  assert.deepEqual(
    named.filter((name) => !existsSync(path.join(root, name))),
    [],
  );
  assert.ok(text.split('\n').length <= 150);
});

test('the lock file names no download address, the project no path of a machine', () => {
  assert.doesNotMatch(readFileSync(path.join(root, 'package-lock.json'), 'utf8'), /"resolved": "http/);
  for (const file of ['README.md', 'README.fr.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']) {
    assert.doesNotMatch(
      readFileSync(path.join(root, file), 'utf8'),
      /(^|\s)\/(work|home|root|tmp)\/|registry\.npmjs|pypi\.org/,
      file,
    );
  }
});
