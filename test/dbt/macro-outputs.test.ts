import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runDbt } from '../../src/dbt/run-dbt.ts';
import { newFolder, writeFiles } from './project.ts';

interface MacroCall {
  readonly call: string;
  readonly expected: string;
  readonly spaceAside?: boolean;
}

const root = path.resolve(import.meta.dirname, '../../..');
const { calls } = JSON.parse(readFileSync(path.join(root, 'test/fixtures/dbt/macro-outputs.json'), 'utf8')) as {
  readonly calls: readonly MacroCall[];
};

const relation = (name: string, identifier: string, type: string): string =>
  `{% set ${name} = api.Relation.create(database='probe', schema='main', identifier='${identifier}', type='${type}') %}`;

/** One model that makes every call, each between marks of its own. */
const model = [
  relation('rel', 'base', 'view'),
  relation('t', 't1', 'table'),
  '{% if execute %}',
  ...calls.map(({ call }, i) => `<${i}>{{ ${call} }}</${i}>`),
  '{% endif %}',
].join('\n');

test('every built-in macro makes the text that dbt makes', async () => {
  const folder = writeFiles(newFolder(), {
    'dbt_project.yml': 'name: probe\nversion: 1.0.0\nprofile: probe\n',
    'profiles.yml':
      'probe:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: probe.duckdb, schema: main, threads: 1}\n',
    'models/base.sql': "select 1 as id, 'a' as name",
    'models/m.sql': `{# {{ ref('base') }} #}${model}`,
  });
  let told = '';
  const code = await runDbt(
    ['compile', '--profiles-dir', '.'],
    { env: { TZ: 'UTC' }, cwd: folder, write: (text) => (told += text) },
    {
      version: () => Promise.resolve('0'),
      summary: () => '',
      usage: '',
      error: ({ message, hint }) => ({ message, hint }),
    },
  );
  assert.equal(code, 0, told);
  const made = readFileSync(path.join(folder, 'target/compiled/probe/models/m.sql'), 'utf8');
  const words = (text: string): string => text.split(/\s+/).join(' ').trim();
  for (const [i, { call, expected, spaceAside }] of calls.entries()) {
    const text = made.slice(made.indexOf(`<${i}>`) + `<${i}>`.length, made.indexOf(`</${i}>`));
    if (spaceAside) assert.equal(words(text), words(expected), call);
    else assert.equal(text, expected, call);
  }
  assert.ok(calls.length > 150);
});
