import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { createDbtThreads, type DbtThreads } from '../../src/dbt/thread/host.ts';
import type { ThreadRun } from '../../src/dbt/thread/protocol.ts';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { query } from '../engine/engine-rows.ts';
import { eventually } from '../workspace.ts';
import { type Files, newProject } from './project.ts';

interface Running {
  readonly engine: Engine;
  readonly threads: DbtThreads;
  readonly run: (argv: readonly string[], signal?: AbortSignal) => ReturnType<DbtThreads['run']>;
}

/** Threads as a server has them, on the database of a project. */
async function onThreads(files: Files, work: (running: Running) => Promise<void>): Promise<void> {
  const folder = newProject(files);
  const engine = await openEngine({ database: path.join(folder, 'shop.duckdb') });
  const threads = createDbtThreads({ engine, version: '0', tableFolders: [] });
  const words: Omit<ThreadRun, 'argv'> = {
    env: {},
    envNames: [],
    cwd: folder,
    workspace: folder,
    projectDir: folder,
    language: 'en',
    principal: { name: 'ada', role: 'admin', via: 'token' },
  };
  try {
    await work({
      engine,
      threads,
      run: (argv, signal = new AbortController().signal) => threads.run({ ...words, argv }, signal),
    });
  } finally {
    await threads.close();
    await engine.close();
  }
}

async function textOf(answers: ReturnType<DbtThreads['run']>): Promise<string> {
  let text = '';
  for await (const answer of answers) text += 'text' in answer ? answer.text : JSON.stringify(answer);
  return text;
}

async function stopAfter(mark: string, answers: ReturnType<DbtThreads['run']>, stop: AbortController): Promise<void> {
  for await (const answer of answers)
    if ('text' in answer && answer.text.includes(mark)) setTimeout(() => stop.abort(), 1500);
}

const connectionsOf = async (engine: Engine): Promise<number> =>
  Number((await query(engine, 'SELECT count FROM duckdb_connection_count()'))[0]?.[0]);

/** Connections that the server's engine itself may open meanwhile. */
const own = 3;

const endless = '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}';

// Threads left connections that they kept for conversions, one or two a command.
test('commands one after the other and at the same time leave no connection behind', { timeout: 60_000 }, () =>
  onThreads({ 'models/a.sql': 'select 1 as id', 'models/b.sql': "select * from {{ ref('a') }}" }, async (running) => {
    assert.match(await textOf(running.run(['build'])), /PASS=2/);
    const before = await connectionsOf(running.engine);
    for (let round = 0; round < 3; round++) {
      const texts = await Promise.all([1, 2, 3].map(() => textOf(running.run(['build']))));
      // Each wrote its manifest to the same folder.
      for (const text of texts) assert.match(text, /"code":/);
    }
    await eventually('the connections to be closed', async () => (await connectionsOf(running.engine)) <= before + own);
  }),
);

// What an ended thread had open stayed open: connections, and the DuckDB in memory that queries are checked in.
test('a thread that is ended in the middle of a check or a run leaves nothing open', { timeout: 120_000 }, () =>
  onThreads(
    {
      'models/a.sql': 'select 1 as id',
      'models/heavy.sql':
        "{{ config(materialized='table') }} select count(*) as n from range(100000000) a(i), range(100000) b(j) where (i * j) % 7 = 3",
      'models/z.sql': `select 1 as id {% if execute %}${endless}{% endif %}`,
    },
    async ({ engine, run }) => {
      assert.match(await textOf(run(['build', '--select', 'a'])), /PASS=1/);
      const before = await connectionsOf(engine);
      for (const [mark, ...words] of [
        ['Concurrency', 'build'],
        ['START sql view model main.z', 'build', '--no-validate', '--threads', '4'],
      ] as const) {
        const stop = new AbortController();
        await assert.rejects(stopAfter(mark, run(words, stop.signal), stop), /dbt was stopped/);
        await eventually('what it had open to be closed', async () => (await connectionsOf(engine)) <= before + own);
      }
      assert.match(await textOf(run(['build', '--select', 'a'])), /PASS=1/);
      const made = await query(engine, "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'heavy%'");
      assert.deepEqual(made, []);
    },
  ),
);

// Lines were kept for a reader however many there were: the server ran out of memory, with all its clients.
test('a template that tells without end waits for its reader, and ends with it', { timeout: 60_000 }, () =>
  onThreads(
    {
      'models/a.sql': `{% if execute %}{% for a in range(99999) %}{% do print('é🦆' * 40000) %}{% endfor %}{% endif %}`,
    },
    async ({ run }) => {
      const answers = run(['build', '--no-validate']);
      const memory = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
      const before = memory();
      let told = '';
      for await (const answer of answers) {
        if (!('text' in answer)) continue;
        told = answer.text;
        if (told.includes('🦆')) break;
        assert.ok(!told.includes('\uFFFD'));
        await new Promise((resolve) => setTimeout(resolve, 100));
        if (told.includes('START')) await new Promise((resolve) => setTimeout(resolve, 2000));
      }
      assert.ok(told.includes('🦆'));
      assert.ok(memory() - before < 200e6, `${(memory() - before) / 1e6} MB`);
    },
  ),
);
