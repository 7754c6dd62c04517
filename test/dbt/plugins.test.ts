import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openEngine } from '../../src/engine/index.ts';
import { type Files, newFolder, newProject } from './project.ts';
import { buildWith, fakePython } from './python.ts';

const programs = process.env.PATH ?? '';
const withDuckdb = {
  skip: spawnSync('python3', ['-c', 'import duckdb']).status !== 0 && 'python3 has no module duckdb',
};

const profile = (folder: string, plugins: string): Files => ({
  'profiles.yml': `shop:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: shop.duckdb
      threads: 2
      external_root: ${folder}
      module_paths: [${folder}]
      settings: {TimeZone: UTC}
      plugins: ${plugins}
`,
});

const source = (meta: string): Files => ({
  'models/sources.yml': `sources: [{name: far, schema: far, meta: {plugin: mine}, tables: [{name: t, meta: ${meta}}]}]\n`,
});

const onePlugin = "[{module: my_plugin, alias: mine, config: {factor: '{{ 2 + 1 }}'}}]";

test('a source of a plugin becomes a table before what uses it runs, once', async () => {
  const folder = newFolder();
  const python = fakePython(`
    const fs = require('node:fs');
    const tell = (what) => console.log(JSON.stringify(what));
    fs.appendFileSync('${folder}/starts', process.pid + '\\n');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const call = JSON.parse(line);
      if (call.op !== undefined) fs.appendFileSync('${folder}/calls', line + '\\n');
      tell(call.op === 'load' ? { op: 'loaded', path: '${folder}/base.parquet' } : { op: 'done' });
    }).on('close', () => fs.appendFileSync('${folder}/starts', 'ended'));
  `);
  const project = newProject({
    ...profile(folder, onePlugin),
    ...source('{materialization: view, rows: 3}'),
    'models/base.sql': "{{ config(materialized='external', plugin='mine') }} select 7 as n",
    'models/one.sql': "-- depends_on: {{ ref('base') }}\nselect n + 1 as n from {{ source('far', 't') }}",
    'models/two.sql': "-- depends_on: {{ ref('base') }}\nselect n + 2 as n from {{ source('far', 't') }}",
    'tests/sum.sql': "select 1 from {{ ref('one') }} a, {{ ref('two') }} b having sum(a.n + b.n) <> 17",
  });
  const { code, told } = await buildWith(python, project);
  assert.equal(code, 0, told);
  assert.match(told, /PASS=4 /);
  const calls = readFileSync(path.join(folder, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
  assert.deepEqual(
    calls.map(({ op }) => op),
    ['store', 'load'],
  );
  assert.match(readFileSync(path.join(folder, 'starts'), 'utf8'), /^\d+\nended$/);
  const [store, load] = calls;
  assert.deepEqual(load?.plugin, {
    name: 'mine',
    module: 'my_plugin',
    config: { TimeZone: 'UTC', factor: '3' },
  });
  assert.deepEqual(load?.source, {
    name: 't',
    identifier: 't',
    schema: 'far',
    database: 'shop',
    tags: [],
    meta: { plugin: 'mine', materialization: 'view', rows: 3 },
  });
  assert.deepEqual(store?.target?.location, { path: `${folder}/base.parquet`, format: 'parquet' });
  assert.deepEqual(store?.target?.columns, [{ name: 'n', dtype: 'INTEGER' }]);
});

test('a plugin that the profile does not name, and a missing Python, are told', async () => {
  const model = { 'models/one.sql': "select * from {{ source('far', 't') }}" };
  const unknown = await buildWith(newFolder(), newProject({ ...source('{}'), ...model }));
  assert.equal(unknown.code, 1);
  assert.match(unknown.told, /Plugin mine not found; known plugins are: none/);
  const files = { ...profile(newFolder(), onePlugin), ...source('{}'), ...model };
  const bare = await buildWith(newFolder(), newProject(files));
  assert.equal(bare.code, 1);
  assert.match(bare.told, /the plugin 'mine' needs Python, and there is no python3/);
});

test('a server runs no plugin and no Python model', async () => {
  const python = fakePython('process.exit(1);');
  const project = newProject({
    ...profile(newFolder(), onePlugin),
    ...source('{}'),
    'models/loaded.sql': "select * from {{ source('far', 't') }}",
    'models/stored.sql': "{{ config(materialized='external', plugin='mine') }} select 7 as n",
    'models/written.py': 'def model(dbt, session):\n    return session.sql("select 1 as n")\n',
  });
  const engine = await openEngine({ database: path.join(project, 'shop.duckdb') });
  try {
    const { code, told } = await buildWith(python, project, { engine });
    assert.equal(code, 1);
    assert.match(told, /PASS=0 WARN=0 ERROR=3/);
    assert.equal(told.match(/the plugin 'mine' needs Python, which a server does not run/g)?.length, 2);
    assert.match(told, /model written is written in Python, which a server does not run/);
  } finally {
    await engine.close();
  }
});

const myPlugin = `
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import SourceConfig, TargetConfig
import duckdb, os

class Plugin(BasePlugin):
    def initialize(self, plugin_config):
        self.factor = int(plugin_config["factor"])

    def configure_connection(self, conn):
        conn.create_function("plus_one", lambda n: n + 1, ["BIGINT"], "BIGINT")

    def load(self, source_config: SourceConfig):
        assert "rows" in source_config and source_config.table_name() == "shop.far.t"
        return duckdb.sql(f"select range * {self.factor} as n from range({source_config['rows']})")

    def store(self, target_config: TargetConfig):
        where = target_config.location.path
        columns = ",".join(one.column + " " + one.dtype for one in target_config.column_list)
        total = duckdb.read_parquet(where).sum("n").fetchall()[0][0]
        with open(where + ".stored", "w") as file:
            file.write(f"{target_config.relation.identifier} {columns} {total} {target_config.config.get('note')}")
`;

test('a plugin written for dbt-duckdb loads and stores', withDuckdb, async () => {
  const folder = newFolder();
  writeFileSync(path.join(folder, 'my_plugin.py'), myPlugin);
  const project = newProject({
    ...profile(folder, onePlugin),
    ...source('{rows: 4}'),
    'models/kept.sql':
      "{{ config(materialized='external', plugin='mine', note='x') }} select n from {{ source('far', 't') }}",
    'models/called.sql': 'select plus_one(1) as n',
  });
  const { code, told } = await buildWith(programs, project);
  assert.equal(code, 1);
  assert.match(told, /PASS=1 WARN=0 ERROR=1/);
  assert.match(told, /plus_one is a Python function of the plugin 'mine', which SQL cannot call here/);
  assert.equal(readFileSync(path.join(folder, 'kept.parquet.stored'), 'utf8'), 'kept n BIGINT 18 x');
});

test('a module that is not there is told', withDuckdb, async () => {
  const project = newProject({
    ...profile(newFolder(), '[{module: nowhere.plugin, alias: mine}]'),
    ...source('{}'),
    'models/one.sql': "select * from {{ source('far', 't') }}",
  });
  const { code, told } = await buildWith(programs, project);
  assert.equal(code, 1);
  assert.match(told, /python3 has no module 'nowhere.plugin'/);
});
