import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ParseMemo } from '../../src/dbt/parse/memo.ts';
import { parseProject } from '../../src/dbt/parse/parse-project.ts';
import type { ParsedProject } from '../../src/dbt/project-types.ts';
import { type DbtMessages, runDbt } from '../../src/dbt/run-dbt.ts';
import { baseFiles, newProject, writeFiles } from './project.ts';
import { rig } from './warm-rig.ts';

/** A project of which a parse can be used as a whole: nothing in it asks for the time, or tells a line. */
const files = {
  'dbt_project.yml': `${baseFiles['dbt_project.yml']}vars: {color: red}
models:
  shop:
    +tags: [root]
    sub: {+schema: deep}
    nothing: {+enabled: true}
`,
  'selectors.yml': 'selectors: [{name: nightly, definition: {method: tag, value: night}}]\n',
  'macros/pick.sql': `{% macro pick() %}{{ ref('a') }}{% endmacro %}
{% macro other() %}1{% endmacro %}`,
  'models/a.sql': `{{ config(materialized='table', tags=['night']) }} select 1 as id`,
  'models/b.sql': `select * from {{ ref('a') }} where '{{ var("color") }}' = '{{ env_var('NAME', 'x') }}'`,
  'models/c.sql': `select * from {{ ref('b') }}, {{ source('raw', 't') }}`,
  'models/sub/d.sql': `select * from {{ pick() }}`,
  'models/sub/e.sql': `{{ config(materialized='ephemeral') }} select * from {{ ref('c') }} join {{ ref('d') }} using (id)`,
  'models/inc.sql': `{{ config(materialized='incremental') }} select * from {{ ref('a') }} {% if is_incremental() %}where 1 = 1{% endif %}`,
  'models/v_v1.sql': 'select 1 as id',
  'models/v_v2.sql': `select * from {{ ref('v', v=1) }}`,
  'models/off.sql': `{{ config(enabled=false) }} select 1 as id`,
  'models/secret.sql': 'select 1 as id',
  'models/schema.yml': `groups: [{name: g, owner: {name: me}}]
models:
  - name: a
    description: "{{ doc('about') }}"
    columns:
      - {name: id, description: "{{ doc('about') }}", data_tests: [unique, not_null]}
  - name: c
    config: {meta: {x: 1, y: 2}, contract: {enforced: true}, post-hook: "select {{ other() }}"}
    constraints: [{type: foreign_key, columns: [id], to: ref('a'), to_columns: [id]}]
    columns:
      - {name: id, data_type: int, data_tests: [{relationships: {arguments: {to: ref('b'), field: id}}}]}
  - {name: secret, access: private, config: {group: g}}
  - {name: nowhere}
  - name: v
    latest_version: 2
    versions: [{v: 1}, {v: 2}]
`,
  'models/sources.yml': `sources:
  - name: raw
    tables: [{name: t, columns: [{name: id, data_tests: [unique]}]}, {name: u}]
exposures:
  - {name: board, type: dashboard, owner: {name: me}, depends_on: [ref('c')]}
`,
  'models/docs.md': '{% docs about %}about things{% enddocs %}',
  'seeds/s.csv': 'id\n1\n',
  'tests/none.sql': `select * from {{ ref('c') }} where false`,
  'analyses/look.sql': `select * from {{ ref('a') }}`,
  'snapshots/snap.sql': `{% snapshot snap %}{{ config(strategy='check', unique_key='id', check_cols='all') }} select * from {{ ref('a') }}{% endsnapshot %}`,
};

/** Files become older than the clock of the file system is exact. */
function age(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const file = path.join(folder, name);
    const { mtimeMs } = statSync(file);
    utimesSync(file, new Date(mtimeMs - 60_000), new Date(mtimeMs - 60_000));
  }
}

test('after edits to models the parse that uses the last one as a whole equals a cold one', () => {
  const { folder, check } = rig(newProject(files));
  const at = (name: string): string => path.join(folder, name);
  const edit = (what: string, changed: Record<string, string>): void => {
    writeFiles(folder, changed);
    check(what);
  };
  edit('text alone', { 'models/b.sql': `${files['models/b.sql']} -- more` });
  edit('text alone, again', { 'models/b.sql': `${files['models/b.sql']} -- less` });
  edit('white space alone', { 'models/b.sql': `${files['models/b.sql']}   -- less\n\n` });
  edit('another ref', { 'models/sub/e.sql': `{{ config(materialized='ephemeral') }} select * from {{ ref('s') }}` });
  edit('refs in another order', {
    'models/sub/e.sql': `{{ config(materialized='ephemeral') }} select * from {{ ref('d') }} join {{ ref('c') }} using (id)`,
  });
  edit('no ref any more', { 'models/sub/e.sql': `{{ config(materialized='ephemeral') }} select 1 as id` });
  edit('two refs', { 'models/sub/d.sql': `select * from {{ ref('a') }}, {{ ref('snap') }}, {{ ref('a') }}` });
  edit('a macro is called', { 'models/sub/d.sql': `select {{ other() }} from {{ pick() }}` });
  edit('another source', { 'models/b.sql': `select * from {{ source('raw', 'u') }}` });
  edit('a source that is not there', { 'models/b.sql': `select * from {{ source('raw', 'w') }}` });
  edit('a ref that is not there', { 'models/b.sql': `select * from {{ ref('w') }}` });
  edit('and then it is there', { 'models/w.sql': 'select 1 as id' });
  edit('a ref to itself', { 'models/w.sql': `select * from {{ ref('w') }}` });
  edit('a circle', { 'models/w.sql': `select * from {{ ref('b') }}` });
  edit('none', { 'models/w.sql': `select * from {{ ref('a') }}` });
  edit('text after a circle', { 'models/w.sql': `select id from {{ ref('a') }}` });
  edit('a ref of a model that YAML gives one', {
    'models/c.sql': `select * from {{ ref('a') }}, {{ source('raw', 't') }}`,
  });
  edit('its text', { 'models/c.sql': `select id from {{ ref('a') }}, {{ source('raw', 't') }}` });
  edit('a ref to a private model', { 'models/w.sql': `select * from {{ ref('secret') }}` });
  edit('a ref to a disabled model', { 'models/w.sql': `select * from {{ ref('off') }}` });
  edit('a ref to a version', { 'models/w.sql': `select * from {{ ref('v', v=1) }}` });
  edit('a version', { 'models/v_v2.sql': `select id from {{ ref('v', v=1) }}` });
  edit('a disabled model', { 'models/off.sql': `{{ config(enabled=false) }} select 2 as id` });
  edit('it is enabled', { 'models/off.sql': 'select 2 as id' });
  edit('a config', { 'models/a.sql': `{{ config(materialized='view', tags=['night']) }} select 1 as id` });
  edit('a tag that a selector names', { 'models/a.sql': `{{ config(tags=['day']) }} select 1 as id` });
  edit('another alias', { 'models/a.sql': `{{ config(alias='aa') }} select 1 as id` });
  edit('the alias of another', { 'models/w.sql': `{{ config(alias='aa') }} select 1 as id` });
  edit('again its own', { 'models/w.sql': 'select 1 as id' });
  edit('a selector', { 'selectors.yml': 'selectors: [{name: daily, definition: {method: tag, value: day}}]\n' });
  edit('several at once', {
    'models/a.sql': 'select 3 as id',
    'models/b.sql': `select 3 as id from {{ ref('a') }}`,
    'models/c.sql': `select * from {{ ref('b') }}`,
  });
  edit('a broken one', { 'models/b.sql': `select 3 as id from {{ ref('a' }}` });
  edit('a broken one and another', { 'models/a.sql': `select 4 as id` });
  edit('it is repaired', { 'models/b.sql': `select 3 as id from {{ ref('a') }}` });
  edit('one that tells a line', { 'models/b.sql': `{{ log('told', info=true) }} select 3 as id from {{ ref('a') }}` });
  edit('another while it does', { 'models/a.sql': `select 5 as id` });
  edit('it is silent', { 'models/b.sql': `select 3 as id from {{ ref('a') }}` });
  edit('one that is deprecated', { 'models/old.yml': 'models: [{name: w, deprecation_date: 2020-01-01}]' });
  edit('who refers to it', { 'models/b.sql': `select 4 as id from {{ ref('w') }}` });
  rmSync(at('models/old.yml'));
  check('it is not any more');
  renameSync(at('models/w.sql'), at('models/x.sql'));
  check('a model is renamed that another refers to');
  edit('which follows', { 'models/b.sql': `select 4 as id from {{ ref('x') }}` });
  renameSync(at('models/x.sql'), at('models/sub/x.sql'));
  check('it is moved');
  edit('a model takes the name of a seed', { 'models/s.sql': 'select 1 as id' });
  rmSync(at('models/s.sql'));
  edit('no more, and text', { 'models/a.sql': 'select 6 as id' });
  edit('a python model', { 'models/p.py': `def model(dbt, session):\n    return dbt.ref('a')\n` });
  edit('its text', { 'models/p.py': `def model(dbt, session):\n    # more\n    return dbt.ref('a')\n` });
  edit('its ref', { 'models/p.py': `def model(dbt, session):\n    return dbt.ref('b')\n` });
  edit('a unit test', {
    'models/unit.yml': `unit_tests:
  - {name: one, model: inc, overrides: {macros: {is_incremental: true}}, given: [{input: this, rows: []}, {input: ref('a'), rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}
`,
  });
  edit('the tested model', { 'models/inc.sql': `${files['models/inc.sql']} -- more` });
  edit('it is not incremental any more', { 'models/inc.sql': `select * from {{ ref('a') }}` });
  edit('a fixture', {
    'models/unit.yml': `unit_tests: [{name: one, model: inc, given: [{input: ref('a'), format: csv, fixture: f}], expect: {rows: [{id: 1}]}}]`,
    'tests/fixtures/f.csv': 'id\n1\n',
  });
  edit('which changes', { 'tests/fixtures/f.csv': 'id\n2\n' });
  edit('and a model', { 'models/inc.sql': `select id from {{ ref('a') }}`, 'tests/fixtures/f.csv': 'id\n3\n' });
  edit('properties and a model', {
    'models/schema.yml': files['models/schema.yml'].replace('unique, ', '').replace('x: 1, y: 2', 'y: 2, x: 1'),
    'models/a.sql': 'select 7 as id',
  });
  edit('the order of keys alone', { 'models/schema.yml': files['models/schema.yml'] });
  edit('a doc block and a model', {
    'models/docs.md': '{% docs about %}about others{% enddocs %}',
    'models/a.sql': 'select 8 as id',
  });
  edit('a var and a model', {
    'dbt_project.yml': files['dbt_project.yml'].replace('red', 'blue'),
    'models/a.sql': 'select 9 as id',
  });
  edit('a model of a package', {
    'packages.yml': 'packages: [{local: pkg}]',
    'dbt_packages/pkg/dbt_project.yml': 'name: pkg\nversion: 1.0.0\n',
    'dbt_packages/pkg/models/p1.sql': 'select 1 as id',
    'dbt_packages/pkg/models/p2.sql': `select * from {{ ref('p1') }}`,
  });
  edit('it refers to the root', { 'dbt_packages/pkg/models/p2.sql': `select * from {{ ref('a') }}` });
  edit('its text', { 'dbt_packages/pkg/models/p2.sql': `select id from {{ ref('a') }}` });
  edit('a name of the package', { 'models/b.sql': `select * from {{ ref('p1') }}` });
  edit('which the root has now too', { 'models/p1.sql': 'select 2 as id' });
  edit('and is named again', { 'models/b.sql': `select id from {{ ref('p1') }}` });
  edit('with its package', { 'models/b.sql': `select id from {{ ref('pkg', 'p1') }}` });
  edit('ignored', { '.dbtignore': 'sub/\n' });
  edit('and a model', { 'models/a.sql': 'select 10 as id' });
});

test('edits beside another environment, other vars and flags', () => {
  const { folder, check } = rig(newProject(files));
  let count = 0;
  const edited = (what: string, flags: Parameters<typeof check>[1]): void => {
    writeFiles(folder, { 'models/a.sql': `select ${++count} as id` });
    check(what, flags);
    check(`${what}, nothing changed`, flags);
  };
  edited('nothing', {});
  edited('an environment variable that a model asks for', { env: { NAME: 'other' } });
  edited('one that nobody asks for', { env: { NAME: 'other', UNSEEN: '1' } });
  edited('vars', { vars: { color: 'green' } });
  edited('a flag', { flags: { FULL_REFRESH: true } });
});

test('any sequence of edits to models: warm equals cold', () => {
  const { folder, check } = rig(newProject(files));
  const original = newProject(files);
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let step = 0; step < 60; step++) {
    const names = (readdirSync(path.join(folder, 'models'), { recursive: true }) as string[])
      .filter((name) => name.endsWith('.sql'))
      .sort();
    const name = names[random(names.length)] as string;
    const file = path.join(folder, 'models', name);
    const other = path.basename(names[random(names.length)] as string, '.sql');
    const action = random(7);
    if (action < 2) appendFileSync(file, ` -- ${step}\n`);
    else if (action === 2) appendFileSync(file, ` -- {{ ref('${other}') }}\n`);
    else if (action === 3) writeFiles(folder, { [`models/${name}`]: `select ${step} as id` });
    else if (action === 4) appendFileSync(file, ` {{ config(tags=['t${step}']) }}`);
    else if (action === 5) appendFileSync(file, ` {{ source('raw', 't') }} {{ other() }}`);
    else cpSync(original, folder, { recursive: true });
    if (random(2) === 0) age(folder);
    check(`step ${step}: ${['text', 'text', 'ref', 'anew', 'config', 'source', 'restore'][action]} ${name}`);
  }
});

test('only what changed is made again', () => {
  const folder = newProject(files);
  const memo = new ParseMemo({ freeze: true });
  const parse = (): ParsedProject => parseProject({ projectDir: folder, env: {}, flags: {} }, {}, memo);
  const first = parse();
  writeFiles(folder, { 'models/b.sql': `${files['models/b.sql']} -- more` });
  const text = parse();
  assert.equal(text.graph, first.graph, 'the graph is that of the last parse');
  assert.match(text.manifest.nodes['model.shop.b']?.raw_code ?? '', /-- more$/);
  assert.notEqual(text.manifest.nodes['model.shop.a'], first.manifest.nodes['model.shop.a'], 'nodes are copies');
  writeFiles(folder, { 'models/sub/d.sql': `select * from {{ ref('c') }}` });
  const linked = parse();
  assert.notEqual(linked.graph, first.graph);
  assert.deepEqual(linked.manifest.parent_map['model.shop.d'], ['model.shop.c']);
  assert.equal(linked.graph.order.length, first.graph.order.length);
  assert.equal(parse().graph, linked.graph);
});

test('what a run adds to nodes is not in the next parse', () => {
  const folder = newProject(files);
  const memo = new ParseMemo();
  const parse = (): ParsedProject => parseProject({ projectDir: folder, env: {}, flags: {} }, {}, memo);
  const cold = JSON.stringify(parse().manifest.nodes);
  const { nodes } = parse().manifest;
  for (const node of Object.values(nodes)) {
    node.compiled_code = 'select 1';
    node.depends_on.macros.push('macro.shop.more');
    node.relation_name = 'other';
  }
  assert.equal(JSON.stringify(parse().manifest.nodes), cold);
  const file = path.join(folder, 'models/a.sql');
  assert.equal(readFileSync(file, 'utf8'), files['models/a.sql']);
});

const messages: DbtMessages = {
  version: async () => '',
  usage: '',
  summary: () => '',
  error: ({ message, hint }) => ({ message, hint }),
};

test('a run changes nothing of what is kept: the targets of foreign keys were rendered in it', async () => {
  const folder = newProject({
    'models/a.sql': 'select 1 as id',
    'models/b.sql': `select id from {{ ref('a') }}`,
    'models/schema.yml': `models:
  - name: a
    config: {materialized: table, contract: {enforced: true}}
    columns: [{name: id, data_type: int, constraints: [{type: primary_key}]}]
  - name: b
    config: {materialized: table, contract: {enforced: true}}
    constraints: [{type: foreign_key, columns: [id], to: ref('a'), to_columns: [id]}]
    columns: [{name: id, data_type: int, constraints: [{type: foreign_key, to: ref('a'), to_columns: [id]}]}]
`,
  });
  const memo = new ParseMemo({ freeze: true });
  const told: string[] = [];
  const host = { env: {}, cwd: folder, write: (text: string) => void told.push(text), memoOf: () => memo };
  for (const words of [['run'], ['compile'], ['run']]) {
    assert.equal(await runDbt(words, host, messages), 0, told.join(''));
    const { nodes } = JSON.parse(readFileSync(path.join(folder, 'target/manifest.json'), 'utf8'));
    assert.equal(nodes['model.shop.b'].constraints[0].to, '"shop"."main"."a"');
  }
  const { manifest } = parseProject({ projectDir: folder, env: {}, flags: {} }, {}, memo);
  assert.equal(manifest.nodes['model.shop.b']?.constraints?.[0]?.to, "ref('a')");
  assert.equal(manifest.nodes['model.shop.b']?.columns.id?.constraints[0]?.to, "ref('a')");
});
