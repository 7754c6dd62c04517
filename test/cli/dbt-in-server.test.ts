import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { connectFlight, type FlightClientOptions } from '../../src/flight/index.ts';
import { type CommandResult, duckhouse, inTemporaryFolder, serve } from '../workspace.ts';

const profile = (more = ''): string =>
  `shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: ../../.duckhouse/warehouse.duckdb, threads: 8${more}}\n`;

const project = {
  'transform/dbt_project/dbt_project.yml':
    'name: shop\nversion: 1.0.0\nprofile: shop\nmodels: {+materialized: table}\nseeds: {+enabled: true}\n',
  'transform/dbt_project/seeds/s.csv': 'id,name\n1,one\n2,two\n',
  'transform/dbt_project/models/a.sql':
    "select id, name, '{{ env_var('GREETING', 'none') }}' as greeting from {{ ref('s') }}\n",
  'transform/dbt_project/models/v.sql': "{{ config(materialized='view') }} select * from {{ ref('a') }}\n",
  'transform/dbt_project/models/i.sql':
    "{{ config(materialized='incremental', unique_key='id') }} select id from {{ ref('a') }}\n",
  'transform/dbt_project/models/properties.yml':
    'models:\n  - name: a\n    columns: [{name: id, data_tests: [unique, not_null]}]\n',
  'transform/dbt_project/snapshots/snap.sql':
    "{% snapshot snap %}{{ config(unique_key='id', strategy='check', check_cols='all') }} select * from {{ ref('a') }}{% endsnapshot %}\n",
  'config/dbt_profiles.yml': profile(),
};

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

/** What the server says to who names a folder, while it is not there, is empty, has a broken project, has a whole one. */
async function answersAbout(folder: string, workspace: string, options: FlightClientOptions): Promise<Set<string>> {
  const client = connectFlight(options);
  const project = path.join(workspace, 'transform/dbt_project');
  const ways = [
    { argv: ['parse'], projectDir: folder },
    { argv: ['parse', '--project-dir', folder], projectDir: project },
  ];
  const told = new Set<string>();
  const ask = async (): Promise<void> => {
    for (const body of ways)
      told.add(
        await client.doAction('dbt', body).then(
          (answers) => Buffer.concat(answers).toString('utf8'),
          (error: Error) => error.message,
        ),
      );
  };
  try {
    await ask();
    await mkdir(folder);
    await ask();
    for (const text of ['flags: [\n', 'name: far\nprofile: shop\n']) {
      await write(folder, { 'dbt_project.yml': text });
      await ask();
    }
    return told;
  } finally {
    client.close();
  }
}

type Run = (...words: readonly string[]) => Promise<CommandResult>;

test('a writer builds a project in the server; a reader does not; what the gate refuses is refused in a project too', () =>
  inTemporaryFolder(async (cwd) => {
    await write(cwd, project);
    const tokens = new Map<string, string>();
    for (const role of ['reader', 'writer', 'admin']) {
      const { stdout } = await duckhouse(['token', 'create', role, '--role', role, '--json'], { cwd });
      tokens.set(role, (JSON.parse(stdout) as { token: string }).token);
    }
    const running = await serve(cwd);
    const as =
      (role: string, env: Record<string, string> = {}): Run =>
      (...words) =>
        duckhouse(['dbt', ...words], { cwd, env: { ...env, DUCKHOUSE_TOKEN: tokens.get(role) as string } });
    const [reader, writer, admin] = ['reader', 'writer', 'admin'].map((role) => as(role)) as [Run, Run, Run];

    const refused = await reader('build');
    assert.equal(refused.code, 4, refused.stdout + refused.stderr);
    assert.match(refused.stderr, /reader \(reader\) may not use action dbt/);

    for (const words of [['build'], ['build', '--full-refresh'], ['build'], ['docs', 'generate']]) {
      const built = await writer(...words);
      assert.equal(built.code, 0, words.join(' ') + built.stdout + built.stderr);
      if (words[0] === 'build') assert.match(built.stdout, /PASS=7 WARN=0 ERROR=0 SKIP=0/);
    }
    assert.equal(
      (await writer('ls', '--quiet', '--select', 'a+', '--resource-type', 'model')).stdout,
      'shop.a\nshop.i\nshop.v\n',
    );

    const kept = await duckhouse(['query', 'SELECT count(*) > 0 AS kept FROM _duckhouse.dbt_results'], { cwd });
    assert.equal(kept.stdout, '{"kept":true}\n', kept.stderr);

    const outside = await mkdtemp(path.join(tmpdir(), 'duckhouse-outside-'));
    const secret = path.join(outside, 'secret.csv');
    await writeFile(secret, 'not for you\n');
    await write(outside, { '.dbt/profiles.yml': 'shop: {target: x}\n' });
    const elsewhere = await duckhouse(['dbt', 'ls', '--quiet', '--select', 'a', '--workspace', cwd], {
      cwd: outside,
      env: { HOME: outside, DUCKHOUSE_TOKEN: tokens.get('writer') as string },
    });
    assert.match(elsewhere.stdout, /^shop\.a\n/, elsewhere.stderr);

    const hostile: readonly [string, string][] = [
      [`{{ config(post_hook="copy (select 1) to '${outside}/out.csv'") }} select 1 as id`, 'kind COPY'],
      [`{{ config(pre_hook="attach '${outside}/other.db' as other") }} select 1 as id`, 'kind ATTACH'],
      [`select * from read_csv('${secret}')`, 'files'],
      [`select * from '${secret}'`, 'files'],
      ['{{ config(pre_hook="install httpfs") }} select 1 as id', 'kind INSTALL'],
      ['{{ config(pre_hook="set global memory_limit = \'1GB\'") }} select 1 as id', 'setting'],
      ["select current_setting('home_directory') as home", 'setting home_directory'],
      [`{% if execute %}{% do run_query("create schema _duckhouse") %}{% endif %}select 1 as id`, '_duckhouse'],
      [
        `{% if execute %}{% do run_query("copy (select 1) to '${outside}/out.csv'") %}{% endif %}select 1 as id`,
        'kind COPY',
      ],
      [
        `{% if execute %}{% do run_query("attach '${outside}/other.db' as other") %}{% endif %}select 1 as id`,
        'kind ATTACH',
      ],
      [`{% call statement('x') %}copy (select 1) to 'inside.csv'{% endcall %}select 1 as id`, 'kind COPY'],
    ];
    const models = hostile.map(([text], n) => [`transform/dbt_project/models/hostile/h${n}.sql`, text] as const);
    await write(cwd, Object.fromEntries(models));
    const run = await writer('run', '--select', 'hostile');
    assert.equal(run.code, 1, run.stdout + run.stderr);
    assert.doesNotMatch(run.stdout, /not for you/);
    const failures = run.stdout.split(/(?=\[ERROR\]: in model )/);
    for (const [n, [text, why]] of hostile.entries()) {
      const failure = failures.find((one) => one.startsWith(`[ERROR]: in model h${n} `));
      assert.match(failure ?? '', new RegExp(`writer \\(writer\\) may not use .*(${why})`), text + run.stdout);
    }
    for (const name of ['out.csv', 'other.db']) assert.equal(existsSync(path.join(outside, name)), false);
    const allowed = await admin('run', '--select', 'h7');
    assert.doesNotMatch(allowed.stdout, /may not use/);
    await rm(path.join(cwd, 'transform/dbt_project/models/hostile'), { recursive: true });

    await write(cwd, {
      'transform/dbt_project/models/far.yml':
        'models: [{name: v, data_tests: [{not_null: {column_name: id, name: ../../../../../../../../far}}]}]\n',
    });
    const far = await writer('test', '--select', 'v');
    assert.equal(far.code, 1);
    assert.match(far.stdout, /far\.sql is not in the target folder/);
    await rm(path.join(cwd, 'transform/dbt_project/models/far.yml'));

    const paths = [
      ['run', '--target-path', outside],
      ['run', '--log-path', outside],
      ['run', '--profiles-dir', outside],
      ['run', '--state', outside, '--select', 'state:new'],
      ['run', '--project-dir', outside],
    ];
    for (const words of paths) {
      const run = await writer(...words);
      assert.notEqual(run.code, 0, words.join(' '));
      assert.match(run.stdout + run.stderr, /not in the workspace|no dbt_project/, words.join(' '));
    }
    const told = await answersAbout(path.join(outside, 'far'), cwd, {
      uri: running.flight,
      token: tokens.get('writer') as string,
    });
    assert.equal(told.size, 2, [...told].join('\n')); // it used to tell whether there is a folder, and a project in it
    for (const answer of told) assert.match(answer, /not in the workspace/);
    symlinkSync(secret, path.join(cwd, 'transform/dbt_project/models/linked.sql'));
    assert.match((await writer('parse')).stdout, /linked\.sql is not in the workspace/);
    await rm(path.join(cwd, 'transform/dbt_project/models/linked.sql'));
    await write(cwd, { 'config/dbt_profiles.yml': profile(`, attach: [{path: "${outside}/x.db"}]`) });
    assert.match((await writer('run')).stdout, /writer \(writer\) may not use/);
    assert.deepEqual(readFileSync(secret, 'utf8'), 'not for you\n');
    await rm(outside, { recursive: true });
    await running.stop();
  }));

test('values of the environment reach the server when the project names them, and no others', () =>
  inTemporaryFolder(async (cwd) => {
    await write(cwd, {
      ...project,
      'transform/dbt_project/macros/m.sql': "{% macro late() %}{{ env_var('LATE', 'none') if execute }}{% endmacro %}",
      'transform/dbt_project/models/b.sql':
        "select '{{ late() }}' as late, '{{ env_var('DBT_COLOR', 'none') }}' as color\n",
    });
    const running = await serve(cwd);
    const env = { GREETING: 'hello', LATE: 'now', DBT_COLOR: 'red', UNRELATED: 'x' };
    const built = await duckhouse(['dbt', 'build', '--quiet'], { cwd, env });
    assert.equal(built.code, 0, built.stdout + built.stderr);
    const rows = await duckhouse(['query', 'SELECT greeting, late, color FROM a, b LIMIT 1'], { cwd });
    assert.equal(rows.stdout, '{"greeting":"hello","late":"now","color":"red"}\n');
    const other = await duckhouse(['dbt', 'run', '--quiet', '--select', 'a'], { cwd, env: { GREETING: 'bye' } });
    assert.equal(other.code, 0, other.stdout + other.stderr);
    assert.match((await duckhouse(['query', 'SELECT greeting FROM a LIMIT 1'], { cwd })).stdout, /bye/);
    await running.stop();
  }));

test('readers are never blocked while eight threads build in the server', () =>
  inTemporaryFolder(async (cwd) => {
    const models = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [
        `transform/dbt_project/models/m${n}.sql`,
        `select range as id, '${n}' as n from range(50000)`,
      ]),
    );
    await write(cwd, { ...project, ...models });
    const running = await serve(cwd);
    assert.equal((await duckhouse(['dbt', 'build', '--quiet'], { cwd })).code, 0);
    let isBuilding = true;
    const build = duckhouse(['dbt', 'build', '--threads', '8', '--full-refresh', '--quiet'], { cwd }).finally(() => {
      isBuilding = false;
    });
    let polls = 0;
    while (isBuilding) {
      const { code, stdout, stderr } = await duckhouse(['query', 'SELECT count(*) AS n FROM m3'], { cwd });
      assert.deepEqual([code, stdout], [0, '{"n":50000}\n'], stderr);
      polls++;
    }
    assert.equal((await build).code, 0, (await build).stdout);
    assert.ok(polls > 0);
    await running.stop();
  }));
