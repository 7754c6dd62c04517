import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Writes files of a project, by their names in it. */
function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const profile =
  'synthetic:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: synthetic.duckdb, schema: main, threads: 4}\n';
const head = 'name: synthetic\nversion: 1.0.0\nprofile: synthetic\nmodels:\n  synthetic:\n    +materialized: view\n';

/** Views of one line that refer to nothing: what a run costs for each model. */
export function writeViews(folder: string, count: number): void {
  write(folder, { 'dbt_project.yml': head, 'profiles.yml': profile });
  for (let i = 0; i < count; i++) write(folder, { [`models/m${padded(i)}.sql`]: `select ${i} as id\n` });
}

const layers = 5;
const filesOfYaml = 25;

/**
 * A project of usual shape in five layers: the first reads sources, each other model one to three of the layer before;
 * every tenth model is incremental, every seventh calls a macro, every fifth has a config; all are described in YAML.
 */
export function writeLayered(folder: string, count: number): void {
  const sources = Math.max(1, Math.floor(count / 50));
  write(folder, {
    'dbt_project.yml': `${head}${Array.from({ length: layers }, (_, k) => `    layer${k}: {+tags: [l${k}]}\n`).join('')}vars: {cutoff: '2024-01-01', scale: 100}\n`,
    'profiles.yml': profile,
    'macros/cents.sql':
      "{% macro cents(column, digits=2) %}round({{ column }} / {{ var('scale') }}, {{ digits }}){% endmacro %}\n",
    'models/sources.yml': `sources:\n  - name: raw\n    schema: main\n    tables:\n${Array.from({ length: sources }, (_, i) => `      - name: src_${i}\n`).join('')}`,
  });
  const size = Math.floor(count / layers);
  let described: string[] = [];
  for (let i = 0; i < count; i++) {
    const layer = Math.min(Math.floor(i / size), layers - 1);
    const place = `models/layer${layer}/g${padded(Math.floor(i / filesOfYaml))}`;
    write(folder, { [`${place}/${nameOf(i, size)}.sql`]: modelText(i, size, sources) });
    described.push(
      `  - name: ${nameOf(i, size)}\n    description: Model ${i} of the synthetic project.\n    columns:\n      - {name: id, description: key}\n      - {name: amount, description: amount in units}\n`,
    );
    if (described.length < filesOfYaml && i < count - 1) continue;
    write(folder, { [`${place}/schema.yml`]: `models:\n${described.join('')}` });
    described = [];
  }
}

function modelText(i: number, size: number, sources: number): string {
  const layer = Math.min(Math.floor(i / size), layers - 1);
  const amount = i % 7 === 0 ? "{{ cents('amount') }}" : 'u0.amount';
  const config =
    i % 10 === 3
      ? "{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}\n"
      : i % 5 === 0
        ? `{{ config(materialized='table', tags=['t${i % 4}']) }}\n`
        : '';
  const later = i % 10 === 3 ? '{% if is_incremental() %}\nwhere 1 = 1\n{% endif %}\n' : '';
  if (layer === 0)
    return `${config}with u0 as (\n    select * from {{ source('raw', 'src_${i % sources}') }}\n)\nselect id, ${amount} as amount, created_at from u0\nwhere created_at >= '{{ var("cutoff") }}'\n${later}`;
  // Some spread, the same in every run: which models of the layer before are read.
  const parents = Array.from({ length: 1 + (i % 3) }, (_, j) => (layer - 1) * size + ((i * 31 + j * 17) % size));
  const ctes = parents.map((parent, j) => `u${j} as (select * from {{ ref('${nameOf(parent, size)}') }})`);
  const joins = parents.slice(1).map((_, j) => `left join u${j + 1} on u0.id = u${j + 1}.id\n`);
  return `${config}with ${ctes.join(',\n')}\nselect u0.id, ${amount} as amount, u0.created_at\nfrom u0\n${joins.join('')}${later}`;
}

const padded = (n: number): string => String(n).padStart(5, '0');
const nameOf = (i: number, size: number): string => `m${Math.min(Math.floor(i / size), layers - 1)}_${padded(i)}`;
