import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { baseFiles, copyKitchenSink, newProject, writeFiles } from './project.ts';
import { rig } from './warm-rig.ts';

const files = {
  'dbt_project.yml': `${baseFiles['dbt_project.yml']}vars: {color: red}
on-run-end: ["{{ log('the end') }}"]
models:
  shop:
    +tags: [root]
    sub: {+schema: deep}
`,
  'macros/names.sql': `{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {{ custom_alias_name or node.name }}_{{ env_var('SUFFIX', 'x') }}
{%- endmacro %}
{% macro pick() %}{{ ref('a') }}{% endmacro %}`,
  'models/a.sql': `{{ config(materialized='table') }} select 1 as id`,
  'models/b.sql': `select * from {{ pick() }} where '{{ var("color") }}' = '{{ flags.FULL_REFRESH }}'`,
  'models/sub/c.sql': `{{ config(alias=env_var('NAME', 'c')) }} select * from {{ ref('b') }}, {{ source('raw', 't') }}`,
  'models/loud.sql': `{{ log('told', info=true) }} {{ config(meta={'at': 1}) }} select * from {{ ref('a') }}`,
  'models/full.sql': `{{ config(enabled=flags.FULL_REFRESH) }} select 1 as id`,
  'models/schema.yml': `models:
  - name: a
    description: "{{ doc('about') }} of {{ env_var('NAME', 'nobody') }}"
    columns:
      - {name: id, description: "{{ doc('about') }}", data_tests: [unique, not_null]}
  - name: b
    config: {meta: {name: "{{ env_var('NAME', 'nobody') }}"}, post-hook: "select {{ ref('a') }}"}
    columns:
      - name: id
        data_tests:
          - relationships: {arguments: {to: ref('a'), field: id}, config: {severity: "{{ env_var('SEVERITY', 'warn') }}"}}
  - name: full
    columns: [{name: id, data_tests: [not_null]}]
  - {name: nowhere}
`,
  'models/sources.yml': `sources:
  - name: raw
    tables: [{name: t, columns: [{name: id, data_tests: [unique]}]}]
exposures:
  - {name: board, type: dashboard, owner: {name: me}, depends_on: [ref('b')]}
`,
  'models/docs.md': '{% docs about %}about things{% enddocs %}',
  'seeds/s.csv': 'id\n1\n',
  'tests/none.sql': `select * from {{ ref('c') }} where false`,
  'analyses/look.sql': `select * from {{ ref('a') }}`,
  'snapshots/snap.sql': `{% snapshot snap %}{{ config(strategy='check', unique_key='id', check_cols='all') }} select * from {{ ref('a') }}{% endsnapshot %}`,
};

test('after any one change the warm parse equals a cold one', () => {
  const { folder, check } = rig(newProject(files));
  const at = (name: string): string => path.join(folder, name);
  const put = (what: string, changed: Record<string, string>): void => {
    writeFiles(folder, changed);
    check(what);
  };
  put('a model is edited', { 'models/a.sql': `{{ config(materialized='view', tags=['n']) }} select 2 as id` });
  put('a model is added', { 'models/d.sql': `select * from {{ ref('c') }}` });
  put('a model that another refers to is added later', { 'models/e.sql': `select * from {{ ref('f') }}` });
  put('now it is there', { 'models/f.sql': 'select 1 as id' });
  renameSync(at('models/f.sql'), at('models/sub/f.sql'));
  check('a model is moved');
  renameSync(at('models/e.sql'), at('models/g.sql'));
  check('a model is renamed');
  rmSync(at('models/g.sql'));
  check('a model is deleted');
  rmSync(at('models/a.sql'));
  check('a model that others refer to is deleted');
  put('and comes back', { 'models/a.sql': files['models/a.sql'] });
  put('two models of one name', { 'models/sub/a.sql': 'select 1' });
  rmSync(at('models/sub/a.sql'));
  check('one again');
  put('properties change', { 'models/schema.yml': files['models/schema.yml'].replace('unique, ', '') });
  put('a broken file', { 'models/schema.yml': 'models:\n  - name: [\n' });
  put('a model disabled in YAML', {
    'models/schema.yml': `${files['models/schema.yml']}  - {name: d, config: {enabled: false}}\n`,
  });
  put('a group and access', {
    'models/schema.yml': `${files['models/schema.yml']}  - {name: d, access: private, config: {group: g}}
groups: [{name: g, owner: {name: me}}]
`,
  });
  put('described twice', { 'models/more.yml': 'models: [{name: a}]' });
  put('versions', {
    'models/more.yml':
      'models: [{name: v, latest_version: 1, versions: [{v: 1}, {v: 2}], columns: [{name: id, data_tests: [unique]}]}]',
    'models/v_v1.sql': 'select 1 as id',
    'models/v_v2.sql': `select * from {{ ref('v') }}`,
  });
  put('the latest version', {
    'models/more.yml': 'models: [{name: v, latest_version: 2, versions: [{v: 1}, {v: 2}]}]',
  });
  put('a doc block', { 'models/docs.md': '{% docs about %}about others{% enddocs %}' });
  put('a seed', { 'seeds/s.csv': 'id\n2\n' });
  put('a singular test', { 'tests/none.sql': `select 1` });
  put('a snapshot', { 'snapshots/snap.sql': files['snapshots/snap.sql'].replace("'all'", "['id']") });
  put('sources', { 'models/sources.yml': files['models/sources.yml'].replace('[unique]', '[not_null]') });
  put('a macro', { 'macros/names.sql': files['macros/names.sql'].replace("ref('a')", "ref('c')") });
  put('a cycle, told with its path', { 'models/sub/c.sql': `select * from {{ ref('b') }}` });
  put('a macro again', { 'macros/names.sql': files['macros/names.sql'] });
  put('a macro that overrides ref', {
    'macros/ref.sql': `{% macro ref(name) %}{% do return(builtins.ref(name)) %}{% endmacro %}`,
  });
  rmSync(at('macros/ref.sql'));
  check('it is gone');
  put('a generic test of the project', {
    'tests/generic/own.sql': '{% test unique(model, column_name) %}{% endtest %}',
  });
  put('project vars and trees', {
    'dbt_project.yml': files['dbt_project.yml'].replace('red', 'blue').replace('deep', 'shallow'),
  });
  put('vars in a file of their own', {
    'dbt_project.yml': files['dbt_project.yml'].replace('vars: {color: red}\n', ''),
    'vars.yml': 'vars: {color: green}',
  });
  put('which changes', { 'vars.yml': 'vars: {color: grey}' });
  put('a package', {
    'packages.yml': 'packages: [{local: pkg}]',
    'dbt_packages/pkg/dbt_project.yml': 'name: pkg\nversion: 1.0.0\n',
    'dbt_packages/pkg/models/p.sql': 'select 1 as id',
  });
  put('a model of the package', { 'dbt_packages/pkg/models/p.sql': 'select 2 as id' });
  put('a macro of the package', { 'dbt_packages/pkg/macros/p.sql': '{% macro p() %}{% endmacro %}' });
  put('the profile', { 'profiles.yml': baseFiles['profiles.yml']?.replace('main', 'other') ?? '' });
  put('ignored', { '.dbtignore': 'sub/\n' });
});

test('environment, flags and vars that a text asked for are looked at again', () => {
  const { check } = rig(newProject(files));
  check('an environment variable', { env: { NAME: 'other' } });
  check('the same', { env: { NAME: 'other', UNSEEN: '1' } });
  check('another one, of a macro that names relations', { env: { SUFFIX: 'y' } });
  check('one of a test', { env: { SEVERITY: 'error' } });
  check('one that goes into artifacts', { env: { DBT_ENV_CUSTOM_ENV_A: '1' } });
  check('a flag', { flags: { FULL_REFRESH: true } });
  check('the flag again', { flags: { FULL_REFRESH: false, WHICH: 'run' } });
  check('vars', { vars: { color: 'green' } });
  check('a whole number', { vars: { color: 1 } });
  check('the limit of seeds', { flags: { MAXIMUM_SEED_SIZE_MIB: 1 } });
});

test('a file that changes within one tick of the clock and keeps its size is read again', () => {
  const { folder, check } = rig(newProject(files));
  const file = path.join(folder, 'models/a.sql');
  const { mtime, atime } = statSync(file);
  writeFileSync(file, readFileSync(file, 'utf8').replace('1 as id', '2 as id'));
  utimesSync(file, atime, mtime);
  check('the same size and time');
});

test('any sequence of changes to a large project: warm equals cold', () => {
  const { folder, check } = rig(copyKitchenSink());
  const original = copyKitchenSink();
  let seed = 11;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const list = (): string[] =>
    (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => /\.(sql|yml|md|csv)$/.test(name) && !/^(target|dbt_packages|logs)/.test(name))
      .sort();
  for (let step = 0; step < 40; step++) {
    const names = list();
    const name = names[random(names.length)] as string;
    const file = path.join(folder, name);
    const other = path.join(folder, names[random(names.length)] as string);
    const action = random(6);
    if (action === 0) appendFileSync(file, '\n');
    else if (action === 1) appendFileSync(file, file.endsWith('.sql') ? "\n-- {{ var('x', 1) }}" : '\n# more\n');
    else if (action === 2) rmSync(file);
    else if (action === 3 && path.extname(file) === path.extname(other)) renameSync(file, other);
    else if (action === 4 && path.extname(file) === path.extname(other)) cpSync(file, other);
    else cpSync(original, folder, { recursive: true });
    check(`step ${step}: ${['newline', 'comment', 'delete', 'rename', 'copy', 'restore'][action]} ${name}`);
  }
});
