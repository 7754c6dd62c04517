import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParseMemo } from '../../src/dbt/parse/memo.ts';
import { parseProject } from '../../src/dbt/parse/parse-project.ts';
import type { ParsedProject } from '../../src/dbt/project-types.ts';
import { baseFiles, newProject, writeFiles } from './project.ts';
import { rig } from './warm-rig.ts';

type Entry = Record<string, unknown>;

/** YAML that is written anew with each change; JSON is YAML too. */
const properties = () => ({
  models: [
    { name: 'a', description: "{{ doc('about') }}", columns: [{ name: 'id', data_tests: ['unique', 'not_null'] }] },
    { name: 'b', config: { meta: { x: 1 } } },
    {
      name: 'c',
      columns: [{ name: 'id', data_tests: [{ relationships: { arguments: { to: "ref('b')", field: 'id' } } }] }],
    },
    { name: 'd' },
    { name: 'v', versions: [{ v: 1 }, { v: 2 }], data_tests: ['positive'] },
    { name: 'e', data_tests: ['positive'] },
  ] as Entry[],
  seeds: [{ name: 's', columns: [{ name: 'id', data_tests: ['unique'] }] }] as Entry[],
  snapshots: [{ name: 'snap', columns: [{ name: 'id', data_tests: ['unique'] }] }] as Entry[],
});

const files = {
  'dbt_project.yml': `${baseFiles['dbt_project.yml']}models:
  shop:
    +tags: [root]
    sub: {+schema: deep}
`,
  'macros/pick.sql': `{% macro pick() %}{{ ref('a') }}{% endmacro %}
{% macro other() %}1{% endmacro %}
{% test positive(model, column_name=none) %}select * from {{ model }} where {{ column_name or 'id' }} < {{ other() }}{% endtest %}`,
  'models/a.sql': `{{ config(materialized='table') }} select 1 as id`,
  'models/b.sql': `select * from {{ ref('a') }}`,
  'models/c.sql': `select * from {{ ref('b') }}, {{ source('raw', 't') }}`,
  'models/sub/d.sql': `select * from {{ pick() }}`,
  'models/sub/e.sql': `{{ config(materialized='ephemeral') }} select * from {{ ref('c') }} join {{ ref('d') }} using (id)`,
  'models/v_v1.sql': 'select 1 as id',
  'models/v_v2.sql': `select * from {{ ref('v', v=1) }}`,
  'models/schema.yml': JSON.stringify(properties()),
  'models/sources.yml': 'sources: [{name: raw, tables: [{name: t, columns: [{name: id, data_tests: [unique]}]}]}]',
  'models/groups.yml': 'groups: [{name: g, owner: {name: me}}]',
  'models/docs.md': '{% docs about %}about things{% enddocs %}',
  'seeds/s.csv': 'id\n1\n',
  'tests/none.sql': `select * from {{ ref('c') }} where false`,
  'analyses/look.sql': `select * from {{ ref('a') }}`,
  'snapshots/snap.sql': `{% snapshot snap %}{{ config(strategy='check', unique_key='id', check_cols='all') }} select * from {{ ref('a') }}{% endsnapshot %}`,
};

const set = (of: Entry, key: string, value: unknown): void => {
  of[key] = value;
};
const columnsOf = (entry: Entry): Entry[] => {
  entry.columns ??= [{ name: 'id' }];
  return entry.columns as Entry[];
};
const configOf = (entry: Entry): Entry => {
  entry.config ??= {};
  return entry.config as Entry;
};
const testsOf = (entry: Entry): unknown[] => {
  const [column] = columnsOf(entry) as [Entry];
  column.data_tests ??= [];
  return column.data_tests as unknown[];
};

/** Changes of one entry; `n` is another number each time. */
const changes: Readonly<Record<string, (entry: Entry, n: number) => void>> = {
  description: (entry, n) => set(entry, 'description', `text ${n}`),
  'a doc block': (entry) => set(entry, 'description', "{{ doc('about') }}"),
  'a doc block that is not there': (entry) => set(entry, 'description', "{{ doc('nothing') }}"),
  'a column': (entry, n) => void columnsOf(entry).push({ name: `c${n}`, description: "{{ doc('about') }}" }),
  'a tag': (entry, n) => set(configOf(entry), 'tags', [`t${n}`]),
  meta: (entry, n) => set(configOf(entry), 'meta', { n, when: '{{ 1 + 1 }}' }),
  'a hook': (entry) => set(configOf(entry), 'post_hook', 'select {{ other() }}'),
  materialized: (entry, n) => set(configOf(entry), 'materialized', n % 2 ? 'table' : 'view'),
  ephemeral: (entry) => set(configOf(entry), 'materialized', 'ephemeral'),
  alias: (entry, n) => set(configOf(entry), 'alias', n % 3 ? `alias${n}` : 'same'),
  schema: (entry) => set(configOf(entry), 'schema', 'far'),
  disabled: (entry) => set(configOf(entry), 'enabled', false),
  enabled: (entry) => set(configOf(entry), 'enabled', true),
  'a group': (entry, n) => void Object.assign(configOf(entry), { group: 'g', access: n % 2 ? 'private' : 'public' }),
  'a group that is not there': (entry) => set(configOf(entry), 'group', 'nobody'),
  'a custom config': (entry, n) => set(configOf(entry), 'mine', n),
  'a contract': (entry) => {
    configOf(entry).contract = { enforced: true };
    for (const column of columnsOf(entry)) column.data_type = 'int';
  },
  'a primary key': (entry) => set(columnsOf(entry)[0] as Entry, 'constraints', [{ type: 'primary_key' }]),
  'a foreign key': (entry) =>
    set(columnsOf(entry)[0] as Entry, 'constraints', [{ type: 'foreign_key', to: "ref('a')", to_columns: ['id'] }]),
  'an end': (entry) => set(entry, 'deprecation_date', '2020-01-01'),
  'no end': (entry) => void Reflect.deleteProperty(entry, 'deprecation_date'),
  'a test': (entry, n) => void testsOf(entry).push({ accepted_values: { arguments: { values: [n] } } }),
  'a test of a model': (entry) => set(entry, 'data_tests', ['positive']),
  'a test with a config': (entry, n) => void testsOf(entry).push({ not_null: { config: { where: `id > ${n}` } } }),
  'a test of two models': (entry) =>
    void testsOf(entry).push({ relationships: { arguments: { to: "ref('s')", field: 'id' } } }),
  'a test of what is not there': (entry) =>
    void testsOf(entry).push({ relationships: { arguments: { to: "ref('nowhere')", field: 'id' } } }),
  'a disabled test': (entry) => void testsOf(entry).push({ unique: { config: { enabled: false } } }),
  'a named test': (entry) => void testsOf(entry).push({ unique: { name: 'mine' } }),
  'tests in another order': (entry) => void testsOf(entry).reverse(),
  'no test': (entry) => {
    for (const column of columnsOf(entry)) delete column.data_tests;
    delete entry.data_tests;
  },
  'one test less': (entry) => void testsOf(entry).pop(),
  'a test that is broken': (entry) => void testsOf(entry).push({ unique: 1 }),
  'a spine': (entry) => {
    Object.assign(columnsOf(entry)[0] as Entry, { granularity: 'day' });
    entry.time_spine = { standard_granularity_column: 'id' };
  },
  nothing: (entry) => {
    for (const key of Object.keys(entry)) if (key !== 'name') delete entry[key];
  },
};

/** After these a parse is not used again, so that there are fewer of them. */
const rare: ReadonlySet<string> = new Set([
  'a doc block that is not there',
  'a group that is not there',
  'a custom config',
  'an end',
  'a test of what is not there',
  'a test that is broken',
  'a spine',
  'disabled',
]);

/** Changes of other files beside that. */
const edits: Readonly<Record<string, (n: number) => Record<string, string>>> = {
  'a config': (n) => ({ 'models/b.sql': `{{ config(tags=['t${n}']) }} select * from {{ ref('a') }}` }),
  'a hook in a model': () => ({ 'models/a.sql': `{{ config(pre_hook='select {{ other() }}') }} select 1 as id` }),
  'a model that is off': () => ({ 'models/c.sql': `{{ config(enabled=false) }} select 1 as id` }),
  'and on': () => ({ 'models/c.sql': files['models/c.sql'] }),
  'another ref': (n) => ({ 'models/sub/d.sql': `select ${n} from {{ ref('s') }}` }),
  'a seed': (n) => ({ 'seeds/s.csv': `id\n${n}\n` }),
  'a singular test': (n) => ({ 'tests/none.sql': `select ${n} from {{ ref('${n % 2 ? 'a' : 'c'}') }}` }),
  'an analysis': (n) => ({ 'analyses/look.sql': `select ${n} from {{ ref('${n % 2 ? 'a' : 'c'}') }}` }),
  'a snapshot': (n) => ({ 'snapshots/snap.sql': files['snapshots/snap.sql'].replace('*', `*, ${n} as n`) }),
  'a config of a snapshot': (n) => ({
    'snapshots/snap.sql': files['snapshots/snap.sql'].replace("key='id'", `key='id${n}'`),
  }),
  'a snapshot that is broken': () => ({ 'snapshots/snap.sql': '{% snapshot snap %}select 1{% endsnapshot %}' }),
  'a source': (n) => ({
    'models/sources.yml': files['models/sources.yml'].replace('name: raw', `name: raw, meta: {n: ${n}}`),
  }),
  'a doc': (n) => ({ 'models/docs.md': `{% docs about %}about ${n}{% enddocs %}` }),
  'a unit test': () => ({
    'models/unit.yml': `unit_tests: [{name: one, model: b, given: [{input: ref('a'), rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}]`,
  }),
  'no unit test': () => ({ 'models/unit.yml': '' }),
  'configs of tests': () => ({
    'dbt_project.yml': `${files['dbt_project.yml']}data_tests: {shop: {models: {+tags: [all]}}}\n`,
  }),
  'none of tests': () => ({ 'dbt_project.yml': files['dbt_project.yml'] }),
};

function randomOf(seed: number): (below: number) => number {
  let at = seed;
  return (below) => {
    at = (at * 1103515245 + 12345) % 2147483648;
    return Math.floor((at / 2147483648) * below);
  };
}

/** Runs by hand go on for longer, and otherwise. */
const { DUCKHOUSE_STEPS: steps = '100', DUCKHOUSE_SEED: seed = '11' } = process.env;

test('any sequence of edits to properties, configs and tests: warm equals cold', () => {
  const { folder, check } = rig(newProject(files));
  const random = randomOf(Number(seed));
  const oneOf = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  let now = { properties: properties(), files: {} as Record<string, string> };
  const change = (step: number): string => {
    if (random(3) === 0) {
      const name = oneOf(Object.keys(edits));
      Object.assign(now.files, edits[name]?.(step));
      return name;
    }
    const { models, seeds, snapshots } = now.properties;
    if (random(30) === 0) models.reverse();
    const [name] = [oneOf(Object.keys(changes)), oneOf(Object.keys(changes))].sort(
      (a, b) => Number(rare.has(a)) - Number(rare.has(b)),
    ) as [string, string];
    const entry = oneOf([...models, ...models, ...seeds, ...snapshots]);
    changes[name]?.(entry, step);
    return `${name} of ${String(entry.name)}`;
  };
  for (let step = 0; step < Number(steps); step++) {
    const before = structuredClone(now);
    const isNew = random(8) === 0;
    if (isNew) now = { properties: properties(), files: {} };
    const told = isNew ? 'as at first' : Array.from({ length: 1 + random(2) }, () => change(step)).join(', ');
    const write = (): void => {
      writeFiles(folder, { ...files, ...now.files, 'models/schema.yml': JSON.stringify(now.properties) });
    };
    write();
    const isParsed = check(`step ${step}: ${told}`);
    if (isParsed || random(4) === 0) continue;
    now = before;
    write();
    check(`step ${step}: as before`);
  }
});

test('one entry of YAML, one config, one test: the others are not made again', () => {
  const folder = newProject(files);
  const memo = new ParseMemo({ freeze: true });
  const parse = (): ParsedProject => parseProject({ projectDir: folder, env: {}, flags: {} }, {}, memo);
  const first = parse();
  let kept = memo.last.keptOf(first.manifest);
  const isAgain = (what: string, changed: Record<string, string>, ids: readonly string[]): ParsedProject => {
    writeFiles(folder, changed);
    const parsed = parse();
    assert.equal(parsed.timings.nodes, 0, `${what}: not a parse of everything`);
    const now = memo.last.keptOf(parsed.manifest);
    const others = Object.keys(now?.nodes ?? {}).filter((id) => now?.nodes[id] !== kept?.nodes[id]);
    assert.deepEqual(others, ids, what);
    kept = now;
    return parsed;
  };
  const schema = (change: (models: Entry[]) => void): Record<string, string> => {
    const all = properties();
    change(all.models);
    return { 'models/schema.yml': JSON.stringify(all) };
  };
  const b = 'model.shop.b';
  isAgain(
    'a description',
    schema(([, entry]) => Object.assign(entry as Entry, { description: 'text' })),
    [b],
  );
  const meta = isAgain(
    'a config',
    schema(([, entry]) => Object.assign(entry as Entry, { config: { meta: { x: 2 } } })),
    [b],
  );
  assert.deepEqual(meta.manifest.nodes[b]?.meta, { x: 2 });
  assert.equal(meta.graph, first.graph, 'the graph is that of the last parse');
  isAgain('a config in a model', { 'models/b.sql': `{{ config(tags=['x']) }} ${files['models/b.sql']}` }, [b]);
  const tested = isAgain(
    'a test',
    schema(([, entry]) => Object.assign(entry as Entry, { config: { meta: { x: 2 } }, data_tests: ['positive'] })),
    [b, 'test.shop.positive_b_.ade81dab40'],
  );
  assert.ok(tested.manifest.child_map[b]?.includes('test.shop.positive_b_.ade81dab40'));
});
