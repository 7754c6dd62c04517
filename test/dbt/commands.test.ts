import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type DbtMessages, runDbt } from '../../src/dbt/run-dbt.ts';
import { baseFiles, newProject } from './project.ts';

const messages: DbtMessages = {
  version: async () => '1.2.3',
  usage: 'usage',
  summary: (command) => `about ${command}`,
  error: ({ message, hint }) => ({ message, hint }),
};

async function dbt(cwd: string, ...words: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const parts: string[] = [];
  const code = await runDbt(words, { env: {}, cwd, write: (part) => void parts.push(part) }, messages);
  return { code, text: parts.join('') };
}

const readJson = (folder: string, name: string) => JSON.parse(readFileSync(path.join(folder, 'target', name), 'utf8'));

const compiledCode = (folder: string): string => readJson(folder, 'run_results.json').results[0].compiled_code;

test('show writes numbers as Python does, and keeps the query with its limit', async () => {
  const folder = newProject({
    'models/m.sql': `select 33.0::double as a, 1 as b, 2.50::decimal(10, 2) as c, 12345678901234567890::hugeint as d, 'é' as e`,
  });
  const { code, text } = await dbt(folder, '-q', 'show', '--select', 'm', '--limit', '3', '--output', 'json');
  assert.equal(code, 0, text);
  assert.match(text, /"a": 33\.0,\n {6}"b": 1,\n {6}"c": 2\.5,\n {6}"d": 12345678901234567890,\n {6}"e": "\\u00e9"/);
  assert.match(compiledCode(folder), /\n\s*limit 3\s*$/);
});

test('docs generate prints the compiled node that was asked for', async () => {
  const folder = newProject({ 'models/m.sql': 'select 7 as id', 'models/n.sql': 'select 8 as id' });
  const { code, text } = await dbt(folder, 'docs', 'generate', '--select', 'm');
  assert.equal(code, 0, text);
  assert.match(text, /Compiled node 'm' is:\nselect 7 as id/);
  assert.doesNotMatch(text, /Compiled node 'n'/);
});

test('source freshness without sources to judge opens no database', async () => {
  const folder = newProject({
    'models/m.sql': 'select 1 as id',
    'profiles.yml': (baseFiles['profiles.yml'] ?? '').replace('shop.duckdb', 'missing/shop.duckdb'),
  });
  const { code, text } = await dbt(folder, 'source', 'freshness');
  assert.equal(code, 0, text);
  assert.match(text, /Nothing to do\..*Done\./s);
  assert.deepEqual(readJson(folder, 'sources.json').results, []);
});

test('run-operation is retried by its own name and arguments', async () => {
  const folder = newProject({
    'macros/m.sql': `{% macro refuse(word) %}{{ exceptions.raise_compiler_error('no ' ~ word) }}{% endmacro %}`,
  });
  for (const words of [['run-operation', 'refuse', '--args', '{word: thanks}'], ['retry']]) {
    const { code, text } = await dbt(folder, ...words);
    assert.equal(code, 1, text);
    assert.match(text, /\[ERROR\]: Encountered an error while running operation: .*no thanks/s);
  }
});
