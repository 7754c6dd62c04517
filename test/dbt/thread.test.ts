import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newBacklog } from '../../src/dbt/thread/backlog.ts';
import { clientEnvironment } from '../../src/dbt/thread/environment.ts';
import type { ThreadMessage, ThreadOutcome, ThreadRun } from '../../src/dbt/thread/protocol.ts';
import { createRunner } from '../../src/dbt/thread/runner.ts';
import { watchFolders } from '../../src/dbt/thread/watch.ts';
import { newHandles } from '../../src/engine/index.ts';
import { eventually } from '../workspace.ts';
import { newFolder, newProject, parse } from './project.ts';

interface Ran {
  readonly outcome: ThreadOutcome;
  readonly text: string;
}

/** One runner, as a thread has it. */
function runnerOf(folder: string): (argv: readonly string[], run?: Partial<ThreadRun>) => Promise<Ran> {
  let text = '';
  const send = (message: ThreadMessage): void => {
    if (message.type === 'write') text += message.text;
  };
  const share = {
    file: path.join(folder, 'shop.duckdb'),
    libraryPath: '',
    database: 0,
    sessionInit: [],
    clock: new SharedArrayBuffer(8),
  };
  const memory = { handles: newHandles(), backlog: newBacklog() };
  const runner = createRunner({ share, version: '0', tableFolders: [], ...memory }, send);
  return async (argv, run = {}) => {
    text = '';
    const outcome = await runner.run(
      {
        argv: [...argv, '--quiet', '--log-level-file', 'none'],
        env: {},
        envNames: [],
        cwd: folder,
        workspace: folder,
        projectDir: folder,
        language: 'en',
        principal: { name: 'ada', role: 'admin', via: 'token' },
        ...run,
      },
      new AbortController().signal,
    );
    return { outcome, text };
  };
}

test('a thread lists what is there now, whatever it parsed before', async () => {
  const folder = newProject({ 'models/a.sql': 'select 1 as id', 'models/b.sql': "select * from {{ ref('a') }}" });
  const run = runnerOf(folder);
  assert.deepEqual(await run(['ls']), { outcome: { code: 0 }, text: 'shop.a\nshop.b\n' });
  writeFileSync(path.join(folder, 'models/c.sql'), "select * from {{ ref('b') }}");
  assert.equal((await run(['ls', '--select', 'b+'])).text, 'shop.b\nshop.c\n');
  assert.equal((await run(['ls', '--no-partial-parse'])).text, 'shop.a\nshop.b\nshop.c\n');
  rmSync(path.join(folder, 'models/a.sql'));
  const broken = await run(['ls']);
  assert.deepEqual(broken.outcome, { code: 2 });
  assert.match(broken.text, /depends on a node named 'a'/);
  rmSync(path.join(folder, 'models/b.sql'));
  rmSync(path.join(folder, 'models/c.sql'));
  assert.deepEqual((await run(['ls'])).outcome, { code: 0 });
});

test('a thread asks for the variables that the project names, tells nothing before it has them, and no others', async () => {
  const folder = newProject({
    'models/a.sql': "{{ config(alias=env_var('ALIAS', 'a')) }} select '{{ env_var('LATER', '') if execute }}' as id",
  });
  const run = runnerOf(folder);
  const envNames = ['ALIAS', 'LATER', 'AWS_SECRET_ACCESS_KEY'];
  const first = await run(['ls', '--output', 'json'], { envNames });
  assert.deepEqual(first, { outcome: { needs: ['ALIAS', 'LATER'] }, text: '' });
  const env = { ALIAS: 'other', LATER: 'x' };
  const second = await run(['ls', '--output', 'json'], { env, envNames: ['AWS_SECRET_ACCESS_KEY'] });
  assert.deepEqual(second.outcome, { code: 0 });
  assert.match(second.text, /"alias": "other"/);
});

test('a variable that is asked for by a computed name while the project runs is an error, not an empty text', () => {
  const parsed = parse(newProject({ 'models/a.sql': 'select 1 as id' }));
  const { env, check } = clientEnvironment({ SENT: 'yes' }, ['SENT', 'OTHER']);
  check(parsed);
  assert.deepEqual([env.SENT, env.NOBODY, Object.hasOwn(env, 'NOBODY')], ['yes', undefined, false]);
  assert.throws(() => env.OTHER, /'OTHER' is asked for by a computed name/);
});

test('a watch tells once of many changes, and nothing while it is paused', async () => {
  const folder = newFolder();
  const told: number[] = [];
  const watch = watchFolders(new Set([folder]), (changes) => void told.push(changes));
  for (const name of ['a', 'b', 'c']) writeFileSync(path.join(folder, name), name);
  await eventually('the changes', () => told.length > 0);
  assert.deepEqual(told, [3]);
  watch.pause();
  writeFileSync(path.join(folder, 'd'), '');
  await new Promise((resolve) => setTimeout(resolve, 400));
  watch.resume();
  writeFileSync(path.join(folder, 'e'), '');
  await eventually('one more', () => told.length > 1);
  assert.deepEqual(told, [3, 1]);
  watch.close();
});
