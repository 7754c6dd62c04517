import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type QueryLineage, readLineage } from '../../src/dbt/lineage/plan.ts';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { queryRows } from '../../src/lakehouse/rows.ts';
import { quoteLiteral } from '../../src/sql.ts';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

/** SQL, what each column comes from (`=` as it is, `~` changed), and what decides the rows. */
const shapes: readonly (readonly [sql: string, columns: string, filters: string])[] = [
  ['select id, amt * 2 as d, 1 as one from o', '=o.id | ~o.amt | ', ''],
  ['select * from o', '=o.id | =o.cust | =o.amt | =o.tag', ''],
  ['select * exclude (amt), amt + cust as s from o', '=o.id | =o.cust | =o.tag | ~o.amt ~o.cust', ''],
  ['select * replace (upper(tag) as tag) from o', '=o.id | =o.cust | =o.amt | ~o.tag', ''],
  ["select columns(c -> c like '%d') from o", '=o.id', ''],
  ['select o.id, c.name from o join c on o.cust = c.id where o.amt > 3', '=o.id | =c.name', 'c.id o.amt o.cust'],
  ['select id, c.name, o.tag from o left join c using (id)', '=o.id | =c.name | =o.tag', 'c.id o.id'],
  ['select o.id from o semi join c on o.cust = c.id', '=o.id', 'c.id o.cust'],
  ['select o.id from o anti join c on o.cust = c.id', '=o.id', 'c.id o.cust'],
  ['select a.id, b.id as other from o a, o b where a.id < b.id', '=o.id | =o.id', 'o.id'],
  ['select o.id, c.name from o asof join c on o.id >= c.id', '=o.id | =c.name', 'c.id o.id'],
  ['select o.id, c.name from o positional join c', '=o.id | =c.name', ''],
  [
    'with a as (select id as k, amt from o), b as (select k, amt + 1 as m from a) select m, k from b',
    '~o.amt | =o.id',
    '',
  ],
  [
    'with a as materialized (select id, tag from o) select x.id, y.tag from a x join a y on x.id = y.id',
    '=o.id | =o.tag',
    'o.id',
  ],
  ['select id, amt from o union all select id, id from c', '=c.id =o.id | =c.id =o.amt', ''],
  ['select id from o union select id from c', '=c.id =o.id', ''],
  ['select id from o except select cust from o', '=o.id', 'o.cust'],
  ['select id, tag from o union all by name select name as tag from c', '=o.id | =c.name =o.tag', ''],
  ['select cust, sum(amt) as s, count(*) as n from o group by cust having max(id) > 2', '=o.cust | ~o.amt | ', 'o.id'],
  ['select tag, count(distinct id) filter (where amt > 1) as n from o group by all', '=o.tag | ~o.amt ~o.id', ''],
  ['select id, row_number() over (partition by cust order by amt) as r from o', '=o.id | ~o.amt ~o.cust', ''],
  [
    'select id, lag(tag) over (order by id) as l from o qualify row_number() over (order by amt) < 4',
    '=o.id | ~o.id ~o.tag',
    'o.amt',
  ],
  ['select id, (select max(name) from c where c.id = o.cust) as m from o', '=o.id | ~c.name', 'c.id o.cust'],
  ['select id from o where exists (select 1 from c where c.id = o.cust)', '=o.id', 'c.id o.cust'],
  ['select id, cust in (select id from c) as known from o', '=o.id | ~c.id ~o.cust', ''],
  ['select id from o where amt = (select max(amt) from o)', '=o.id', 'o.amt'],
  [
    'select o.id, l.z from o, lateral (select o.amt + c.id as z from c where c.id = o.cust) l',
    '=o.id | ~c.id ~o.amt',
    'c.id o.cust',
  ],
  ['select id from o order by amt limit 3', '=o.id', 'o.amt'],
  ['select id from o order by amt', '=o.id', ''],
  ['select distinct on (cust) id, tag from o order by cust, amt', '=o.id | =o.tag', 'o.amt o.cust'],
  ['from o pivot (sum(amt) for cust in (1, 2) group by id)', '=o.id | ~o.amt ~o.cust | ~o.amt ~o.cust', ''],
  ['from (select id, cust, amt from o) unpivot (v for k in (cust, amt))', '=o.id |  | ~o.amt ~o.cust', 'o.amt o.cust'],
  ['select unnest([id, cust]) as u, tag from o', '~o.cust ~o.id | =o.tag', ''],
  ['select o.tag, x.u from o, unnest([o.id, o.cust]) x(u)', '=o.tag | ~o.cust ~o.id', ''],
  [
    'select {a: id, b: tag} as s, list_transform([cust], x -> x + amt) as l from o',
    '~o.id ~o.tag | ~o.amt ~o.cust',
    '',
  ],
  [
    "select case when amt > 2 then tag else 'none' end as t, coalesce(tag, 'x') as u from o",
    '~o.amt ~o.tag | ~o.tag',
    '',
  ],
  [
    'with recursive r as (select id, 1 as d from o union all select c.id, d + 1 from r join c on c.id = r.id + 1 where d < 3) select * from r',
    '=c.id =o.id | ',
    'c.id o.id',
  ],
  ['select v.a, o.id from (values (1), (2)) v(a) join o on o.id = v.a', ' | =o.id', 'o.id'],
  ['select i, o.id from range(3) t(i), o', ' | =o.id', ''],
  ['select g.id, g.s from (select id, sum(amt) as s from o group by rollup (id)) g', '=o.id | ~o.amt', ''],
];

const tables = [
  "create or replace table o as select i as id, (i * 7) % 5 as cust, (i * 5) % 11 as amt, 't' || (i % 3) as tag from range(1, 9) t(i)",
  "create or replace table c as select i as id, 'n' || i as name from range(1, 6) t(i)",
];

async function lineageOf(engine: Engine, sql: string): Promise<QueryLineage> {
  const [row] = await queryRows(
    engine,
    `select json_serialize_plan(${quoteLiteral(sql)}, skip_null := true, skip_default := true) as plan`,
  );
  const lineage = readLineage(String(row?.plan));
  assert.ok(lineage !== undefined, `${sql}\n${String(row?.plan).slice(0, 2000)}`);
  return lineage;
}

async function withTables(work: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await openEngine({ database: ':memory:', workers: 1 });
  try {
    for (const sql of tables) await engine.execute(sql);
    await work(engine);
  } finally {
    await engine.close();
  }
}

test('columns of many shapes of SQL come from where they should', async () => {
  const found: (readonly [string, string, string])[] = [];
  await withTables(async (engine) => {
    for (const [sql] of shapes) {
      const lineage = await lineageOf(engine, sql);
      const told = lineage.columns.map((sources) =>
        sources
          .map(({ kind, table, column }) => `${kind === 'passthrough' ? '=' : '~'}${table}.${column}`)
          .sort((a, b) => (a.slice(1) < b.slice(1) ? -1 : 1))
          .join(' '),
      );
      const decide = lineage.filters.map(({ table, column }) => `${table}.${column}`).sort();
      found.push([sql, told.join(' | '), decide.join(' ')]);
    }
  });
  assert.deepEqual(found, shapes);
});

test('a column that is not named does not matter: other values in it change nothing', async () => {
  await withTables(async (engine) => {
    const all = ['o.id', 'o.cust', 'o.amt', 'o.tag', 'c.id', 'c.name'];
    const other: Readonly<Record<string, string>> = {
      'o.id': '100 - id',
      'o.cust': '(cust + 2) % 5',
      'o.amt': '(amt * 3 + 1) % 11',
      'o.tag': "tag || 'z'",
      'c.id': 'id + 2',
      'c.name': "name || 'z'",
    };
    const read = async (sql: string): Promise<unknown[][]> =>
      (await queryRows(engine, `from (${sql})`)).map((row) => Object.values(row).map(String));
    const column = (rows: readonly unknown[][], i: number): unknown[] => rows.map((row) => row[i]).sort();
    let compared = 0;
    for (const [sql] of shapes) {
      const { columns, filters } = await lineageOf(engine, sql);
      const before = await read(sql);
      for (const name of all) {
        const [table = '', field = ''] = name.split('.');
        if (filters.some((one) => one.table === table && one.column === field)) continue;
        // Rows of the same group stay together: how many there are depends on no column but those grouped by.
        if (
          /group by|pivot|union (?!all)|distinct/.test(sql) &&
          columns.flat().some((one) => one.table === table && one.column === field)
        )
          continue;
        await engine.execute(
          `create or replace table ${table} as select * replace (${other[name]} as ${field}) from ${table}`,
        );
        const after = await read(sql);
        for (const [i, sources] of columns.entries()) {
          if (sources.some((one) => one.table === table && one.column === field)) continue;
          assert.deepEqual(column(after, i), column(before, i), `${sql}: column ${i}, ${name}`);
          compared++;
        }
        for (const text of tables) await engine.execute(text);
      }
    }
    assert.ok(compared > 200, String(compared));
  });
});

const project = {
  'profiles/profiles.yml': 'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 2}\n',
  'seeds/raw.csv': 'id,name,amount\n1,a,2.5\n',
  'models/stg.sql': 'select id, upper(name) as name, amount from {{ ref("raw") }}',
  'models/eph.sql':
    '{{ config(materialized="ephemeral") }} select id, name, amount from {{ ref("stg") }} where amount > 0',
  'models/mart.sql':
    '{{ config(materialized="table") }} select name, sum(amount) as total from {{ ref("eph") }} group by name',
  'models/odd.sql': 'select not_there from {{ ref("mart") }}',
};

test('dbt lineage reads a project that was never built: text, JSON, one column, a file and a table', async () => {
  const folder = newProject(project);
  const { code, text } = await dbt(folder, ['lineage', '--quiet']);
  assert.equal(code, 0);
  assert.equal(
    text.trim(),
    [
      'stg',
      '  id      = raw.id',
      '  name    ~ raw.name',
      '  amount  = raw.amount',
      'mart',
      '  name   = stg.name',
      '  total  ~ stg.amount',
      '  (stg.amount)',
      'odd: Referenced column "not_there" not found in FROM clause!',
    ].join('\n'),
  );
  assert.equal(
    (await dbt(folder, ['lineage', 'MART.total', '--quiet'])).text,
    'mart.total\n  ~ stg.amount\n    = raw.amount\n',
  );
  assert.match((await dbt(folder, ['lineage', 'mart.totals', '--quiet'])).text, /no column mart\.totals/);
  const { nodes } = JSON.parse((await dbt(folder, ['lineage', '-s', 'mart', '--quiet', '--output', 'json'])).text) as {
    nodes: Record<string, { columns: Record<string, unknown>; filters: unknown }>;
  };
  assert.deepEqual(nodes['model.shop.mart']?.columns.total, {
    type: 'DOUBLE',
    upstream: [{ node: 'model.shop.stg', relation: 'main.stg', column: 'amount', kind: 'transformed' }],
  });
  assert.deepEqual(nodes['model.shop.mart']?.filters, [
    { node: 'model.shop.stg', relation: 'main.stg', column: 'amount' },
  ]);

  assert.equal((await dbt(folder, ['build', '--exclude', 'odd'])).code, 0);
  assert.equal((await dbt(folder, ['docs', 'generate'])).code, 0);
  const file = JSON.parse(readFileSync(path.join(folder, 'target/column_lineage.json'), 'utf8')) as { nodes: object };
  assert.deepEqual(Object.keys(file.nodes), ['model.shop.stg', 'model.shop.mart']);
  const engine = await openEngine({ database: path.join(folder, 'shop.duckdb') });
  const rows = await queryRows(
    engine,
    "select column_name, upstream_id, upstream_column, kind from _duckhouse.dbt_column_lineage where unique_id = 'model.shop.mart' order by 1 nulls last",
  );
  await engine.close();
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['name', 'model.shop.stg', 'name', 'passthrough'],
      ['total', 'model.shop.stg', 'amount', 'transformed'],
      [null, 'model.shop.stg', 'amount', 'filter'],
    ],
  );
});
