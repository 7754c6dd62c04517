/** Result tables in templates; every text is what dbt-core 1.12 prints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newProject } from './project.ts';
import { dbt } from './replay.ts';

const profile =
  'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 1}\n';

async function printed(body: string): Promise<string> {
  const folder = newProject({
    'profiles/profiles.yml': profile,
    'macros/go.sql': `{% macro go() %}
{% set t = run_query("select i as id, 'name ' || repeat('x', i::int) as long_name, i / 7.0 as part, case when i % 2 = 0 then i end as n from range(4) t(i)") %}
${body}{% endmacro %}`,
  });
  const { code, text } = await dbt(folder, ['-q', 'run-operation', 'go']);
  assert.equal(code, 0, text);
  return text.replace(/\n+$/, '');
}

test('print_table takes what agate takes, and says where it was cut', async () => {
  assert.equal(
    await printed('{% do t.print_table(max_rows=2, max_column_width=8, max_precision=1) %}'),
    `| id | long_... | part | n |
| -- | -------- | ---- | - |
|  0 | name     | 0.0… | 0 |
|  1 | name x   | 0.1… |   |
| ... | ...      |  ... | ... |`,
  );
  assert.equal(
    await printed('{% do t.print_table(max_columns=2, max_column_width=none) %}'),
    `| id | long_name | ... |
| -- | --------- | --- |
|  0 | name      | ... |
|  1 | name x    | ... |
|  2 | name xx   | ... |
|  3 | name xxx  | ... |`,
  );
});

test('tables are ordered, nulls last, and made distinct', async () => {
  assert.equal(
    await printed(`{{ print(t.order_by('n').columns['id'].values()) }}
{{ print(t.order_by(['n', 'id'], reverse=true).columns['id'].values()) }}
{{ print(t.distinct('n').columns['id'].values()) }}
{{ print(t.columns['n'].values_without_nulls_sorted()) }}`),
    '(0, 2, 1, 3)\n(1, 3, 2, 0)\n(0, 1, 2)\n[0, 2]',
  );
});

test('rows and columns print as samples of themselves, and parts of them are tuples', async () => {
  assert.equal(
    await printed(`{% set row = t.rows[0] %}{{ print(row) }}
{{ print('' ~ t.columns['id'] ~ t.select(['id']).rows) }}
{{ print([row[:2], t.columns['id'][1:], t[3:]]) }}
{{ print(t.select(['id']).rows[0].dict()) }}
{{ print(t.columns['n'].values_sorted()) }}
{{ print(t.limit(2).group_by('id')) }}`),
    `<agate.Row: (0, 'name ', Decimal('0.0'), 0)>
<agate.Column: (0, 1, 2, 3)><agate.MappedSequence: (<agate.Row: (0)>, <agate.Row: (1)>, <agate.Row: (2)>, <agate.Row: (3)>)>
[(0, 'name '), (1, 2, 3), (<agate.Row: (3, 'name xxx', Decimal('0.42857142857142855'), None)>,)]
OrderedDict([('id', 0)])
[0, 2, None, None]
| table | rows |
| ----- | ---- |
| 0     | 1    |
| 1     | 1    |`,
  );
});
