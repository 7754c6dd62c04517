import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { locate } from '../../src/dbt/check/locate.ts';
import { createEventLog } from '../../src/dbt/events/events.ts';
import type { ManifestNode } from '../../src/dbt/manifest-types.ts';
import { runFlags } from '../../src/dbt/run/flags.ts';
import { runModel } from '../../src/dbt/run/run-node.ts';
import { openSession } from '../../src/dbt/run/session.ts';
import { newProject, parse } from './project.ts';
import { dbt, replay } from './replay.ts';

const profile = 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n';
const project = (files: Readonly<Record<string, string>>): string =>
  newProject({ 'profiles/profiles.yml': profile, ...files });

const silent = {
  format: 'text',
  level: 'none',
  quiet: true,
  print: false,
  invocationId: '',
  logPath: undefined,
  fileFormat: 'text',
  fileLevel: 'none',
  fileMaxBytes: 0,
} as const;

interface Entry {
  readonly unique_id: string;
  readonly status: string;
  readonly message: string | null;
}

function results(folder: string): Record<string, Entry> {
  const text = readFileSync(path.join(folder, 'target/run_results.json'), 'utf8');
  const { results } = JSON.parse(text) as { results: readonly Entry[] };
  return Object.fromEntries(results.map((one) => [one.unique_id.split('.').at(-1) as string, one]));
}

const statuses = (folder: string): Record<string, string> =>
  Object.fromEntries(Object.entries(results(folder)).map(([name, { status }]) => [name, status]));

test('unknown columns and wrong types are told with file, line and column before anything is made', async () => {
  const folder = project({
    'models/a.sql': "\n\nselect 1 as id, 'x' as name, date '2024-01-01' as day",
    'models/b.sql': '{{ config(materialized="table") }}\nselect\n  id,\n  nam\nfrom {{ ref("a") }}\n',
    'models/c.sql': 'select day * 2 as twice from {{ ref("a") }}',
    'models/d.sql': 'select * from {{ ref("b") }}',
    'models/e.sql': 'with x as (select id as k from {{ ref("a") }})\n\nselect k, {{ "k + 1" }} as l, j from x',
    'models/f.sql': 'select id, count(*) as n from {{ ref("a") }}',
    'models/fine.sql': 'select id + 1 as next from {{ ref("a") }}',
  });
  const { code, text } = await dbt(folder, ['compile', '--validate']);
  assert.equal(code, 1);
  assert.match(text, /Checked 7 of 7 queries before the run \(.* s\): 4 cannot run/);
  assert.match(text, / models\/b\.sql:4:3: Binder Error: Referenced column "nam" not found in FROM clause!/);
  assert.match(text, / models\/c\.sql:1:\d+: Binder Error: No function matches .*'\*\(DATE, INTEGER_LITERAL\)'/);
  assert.match(text, / models\/e\.sql:3: Binder Error: Referenced column "j" not found/);
  assert.match(text, / models\/f\.sql:1:8: Binder Error: column "id" must appear in the GROUP BY clause/);
  assert.deepEqual(statuses(folder), {
    a: 'success',
    b: 'error',
    c: 'error',
    d: 'skipped',
    e: 'error',
    f: 'error',
    fine: 'success',
  });

  const run = await dbt(folder, ['run', '--validate']);
  assert.equal(run.code, 1);
  assert.ok(run.text.indexOf('Checked 7 of 7') < run.text.indexOf('1 of 7 START'));
  assert.deepEqual(statuses(folder), {
    a: 'success',
    b: 'error',
    c: 'error',
    d: 'skipped',
    e: 'error',
    f: 'error',
    fine: 'success',
  });
  assert.match(
    results(folder).b?.message ?? '',
    /Runtime Error in model b \(models\/b\.sql\)\n[\s\S]*at models\/b\.sql:4:3$/,
  );
  const without = await dbt(folder, ['run', '--no-validate']);
  assert.equal(without.code, 1);
  assert.equal(statuses(folder).d, 'skipped');
  assert.doesNotMatch(without.text, /Checked/);
  assert.match((await dbt(folder, ['run'])).text, /Checked 7 of 7/);
});

test('what a run makes, changes or asks for itself is not known before: nothing false is told', async () => {
  const folder = project({
    'seeds/s.csv': 'id,amount\n1,2.5\n2,3\n',
    'models/hard.sql': 'select * from main.made_by_hook',
    'models/start.sql':
      '{{ config(post_hook="alter table {{ this }} add column later int", materialized="table") }} select 1 as id',
    'models/after.sql': 'select later from {{ ref("start") }}',
    'models/asks.sql':
      '{% if execute %}{% set n = run_query("select 7").columns[0][0] %}{% endif %}select {{ n or 1 }} as n',
    'models/reads.sql': 'select n from {{ ref("asks") }}',
    'models/pivoted.sql': '{{ config(materialized="table") }} pivot {{ ref("s") }} on id using sum(amount)',
    'models/wide.sql': 'select "1" from {{ ref(\'pivoted\') }}',
    'models/nulls.sql': 'select null as n, 1 as id',
    'models/text.sql': "select n like 'a%' as is_a from {{ ref('nulls') }}",
    'models/sums.sql': 'select sum(amount) as total from {{ ref("s") }}',
    'models/grows.sql':
      '{{ config(materialized="incremental") }} select id, amount from {{ ref("s") }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}',
    'models/below.sql': '{{ config(materialized="table") }} select id, amount from {{ ref("grows") }}',
    'models/macro.sql': 'select mine(1) as x',
    'snapshots/sn.sql':
      "{% snapshot sn %}{{ config(unique_key='id', strategy='check', check_cols='all') }} select * from {{ ref('s') }} {% endsnapshot %}",
    'models/of_snapshot.sql': 'select id, dbt_valid_from from {{ ref("sn") }}',
    'tests/none.sql': 'select * from {{ ref("below") }} where amount < 0',
    'dbt_project.yml':
      'name: shop\nversion: 1.0.0\nprofile: shop\non-run-start:\n  - "create table if not exists main.made_by_hook(n int)"\n  - "create or replace macro mine(x) as x + 1"\n',
  });
  for (const argv of [['build'], ['build', '--full-refresh'], ['build', '--empty', '--exclude', 'pivoted+']]) {
    const { code, text } = await dbt(folder, [...argv, '--validate']);
    assert.equal(code, 0, text);
    assert.match(text, /Checked \d+ of 1[46] queries .*: 0 cannot run/);
  }
});

test('tables that nobody makes, ephemeral models, tests and columns read by macros', async () => {
  const folder = project({
    'models/src.yml':
      'sources: [{name: raw, schema: main, tables: [{name: orders}, {name: gone}]}]\nmodels: [{name: u, columns: [{name: wrong, data_tests: [not_null]}]}]\n',
    'models/u.sql': '{{ config(materialized="table") }}\nselect * from {{ source("raw", "orders") }}',
    'models/g.sql': 'select 1 as one\nfrom {{ source("raw", "gone") }}',
    'models/e.sql': '{{ config(materialized="ephemeral") }}\nselect\n  idd\nfrom {{ ref("u") }}',
    'models/over.sql': 'select * from {{ ref("e") }}',
    'models/star.sql':
      'select {% for c in adapter.get_columns_in_relation(ref("u")) %}{{ c.name }}, {% endfor %}nothing from {{ ref("u") }}',
  });
  await dbt(folder, ['run-operation', 'q'], {});
  assert.equal((await dbt(folder, ['show', '--inline-direct', 'create table main.orders as select 1 as id'])).code, 0);
  const { text } = await dbt(folder, ['build', '--validate']);
  assert.match(text, /models\/g\.sql:2:6: Catalog Error: Table with name gone does not exist!/);
  assert.match(text, /models\/e\.sql:3:3: Binder Error: Referenced column "idd" not found/);
  assert.match(
    text,
    /models\/star\.sql:1: Binder Error: Referenced column "nothing" not found|models\/star\.sql \(target\/compiled\/shop\/models\/star\.sql:1\): Binder Error/,
  );
  assert.match(
    text,
    /models\/src\.yml.*compiled.*not_null_u_wrong\.sql:\d+\): Binder Error: Referenced column "wrong"/,
  );
  assert.match(text, /: 4 cannot run/);
  assert.ok(existsSync(path.join(folder, 'shop.duckdb')));
});

test('a node told wrong runs when DuckDB takes it after all', async () => {
  const parsed = parse(project({ 'models/a.sql': 'select 1 as id', 'models/b.sql': 'select nothing' }), {
    profilesDir: 'profiles',
  });
  const session = await openSession({
    parsed,
    flags: runFlags({ which: 'run', write_json: false }, 1),
    env: {},
    log: createEventLog({ ...silent, write: () => undefined }),
    targetPath: path.join(parsed.project.root, 'target'),
  });
  const told = { place: 'models/x.sql:1:8', reason: 'it is wrong', message: 'it is wrong\n\nat models/x.sql:1:8' };
  session.problems = new Map(['a', 'b'].map((name) => [`model.shop.${name}`, told]));
  const run = (name: string) =>
    runModel(session, parsed.manifest.nodes[`model.shop.${name}`] as ManifestNode, 'MainThread');
  const [a, b] = [await run('a'), await run('b')];
  await session.close();
  assert.equal(a.status, 'success');
  assert.equal(b.status, 'error');
  assert.match(
    b.message ?? '',
    /^Runtime Error in model b .*\n {2}Binder Error: [\s\S]*\n {2}\n {2}at models\/x\.sql:1:8$/,
  );
});

test('functions of the project are not judged by those of DuckDB', async () => {
  const folder = project({
    'dbt_project.yml':
      'name: shop\nversion: 1.0.0\nprofile: shop\non-run-start: "create or replace macro len(a, b) as a + b"\n',
    'models/a.sql': 'select len(1, 2) as three',
    'models/b.sql': 'select upper(1, 2) as three',
  });
  const { text } = await dbt(folder, ['run', '--validate']);
  assert.match(text, /Checked 2 of 2 .*: 1 cannot run\n.*models\/b\.sql/);
  assert.match(text, /PASS=2 WARN=0 ERROR=1/);
});

test('the kitchen sink has the same statuses and relations with the check', async () => {
  assert.equal(await replay(6, { DBT_VALIDATE: 'true' }), 6);
});

test('places of compiled text are found in the source where they are certain', () => {
  const source = 'select\n  a,\n  {{ x }} as b, c\nfrom t\nwhere {{ y }}\n{{ y }}\n';
  const compiled = 'select\n  a,\n  1 + 2 as b, c\nfrom t\nwhere z\nz\n';
  assert.deepEqual(locate(source, compiled, compiled.indexOf('a,')), { line: 2, column: 3 });
  assert.deepEqual(locate(source, compiled, compiled.indexOf('c\n')), { line: 3, column: undefined });
  assert.deepEqual(locate(source, compiled, compiled.indexOf('from')), { line: 4, column: 1 });
  assert.equal(locate(source, compiled, compiled.lastIndexOf('z')), undefined);
});
