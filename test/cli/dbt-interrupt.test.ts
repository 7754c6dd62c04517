/** Ctrl-C without a server: a template without end kept the process from hearing it, while parsing and while running. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { commandFile, duckhouse, endWithFolder, eventually, inTemporaryFolder } from '../workspace.ts';

const loop = '{% for i in range(100000) %}{% for j in range(100000) %}{% set x = j %}{% endfor %}{% endfor %}';

const project = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nmodels: {+materialized: table}\n',
  'profiles.yml': 'shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, threads: 1}}}\n',
  'models/a.sql': 'select 1 as id',
  'macros/m.sql': '{% macro twice(n) %}{% if n > 0 %}{{ twice(n - 1) }}{{ twice(n - 1) }}{% endif %}{% endmacro %}',
};

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

/** Interrupts a command once its output shows `mark`; its exit code and output. */
async function interrupted(
  cwd: string,
  words: readonly string[],
  mark: string,
): Promise<{ code: unknown; text: string }> {
  const env = { PATH: process.env.PATH, DUCKHOUSE_LANG: 'en' };
  const child = spawn(process.execPath, [commandFile, 'dbt', ...words], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithFolder(cwd, child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = once(child, 'exit');
  await eventually(`"${mark}"`, () => text.includes(mark));
  await delay(500); // the command is past its start
  child.kill('SIGINT');
  const [code] = await ended;
  return { code, text };
}

const cases: readonly (readonly [string, string, readonly string[], string])[] = [
  ['a loop while the project is parsed', loop, ['parse'], 'Running with dbt'],
  ['a macro that calls itself while the project is parsed', '{{ twice(60) }}', ['run'], 'Running with dbt'],
  [
    'a loop in a model that is built',
    `{% if execute %}${loop}{% endif %}`,
    ['run', '--no-validate', '-s', 'z'],
    'START sql table model main.z',
  ],
  [
    'a macro that calls itself in a model that is compiled',
    '{% if execute %}{{ twice(60) }}{% endif %}',
    ['compile'],
    'Concurrency',
  ],
  [
    'a loop in a hook of a model, in its transaction',
    `{{ config(post_hook="{% if execute %}${loop.replaceAll("'", '')}{% endif %}") }}`,
    ['run', '--no-validate', '-s', 'z'],
    'START sql table model main.z',
  ],
];

for (const [name, text, words, mark] of cases)
  test(`Ctrl-C ends ${name}`, { timeout: 60_000 }, () =>
    inTemporaryFolder(async (cwd) => {
      await write(cwd, { ...project, 'models/z.sql': `${text} select 1 as id` });
      const { code, text: told } = await interrupted(cwd, words, mark);
      assert.equal(code, 130, told);
      await write(cwd, { 'models/z.sql': 'select 2 as id' });
      const left = "select count(*) as n from duckdb_tables() where table_name like '%z%' or table_name like '%__dbt%'";
      const shown = await duckhouse(['dbt', 'show', '--quiet', '--output', 'json', '--inline', left], { cwd });
      assert.match(shown.stdout, /"n": 0/, shown.stdout + shown.stderr);
    }),
  );
