import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { diseasesCsv } from '../../src/testing/diseases.ts';
import { pinnedIn, pythonWith } from '../interop/python.ts';
import { duckhouse, inTemporaryFolder, serve } from '../workspace.ts';

const starter = path.resolve(import.meta.dirname, '../../../examples/starter');
const python = await pythonWith('pyarrow==26.0.1');
const dbt = await pythonWith(...pinnedIn('dbt.txt'));

const copyStarter = (to: string): Promise<void> =>
  cp(starter, to, { recursive: true, filter: (source) => !/\.duckhouse|target|logs/.test(source) });

interface Ingested {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly problem: unknown;
}

test(
  'the Python project’s own client loads, again without doubling, and its rows come back while the server runs',
  {
    skip: python.skip,
  },
  () =>
    inTemporaryFolder(async (cwd) => {
      await copyStarter(cwd);
      const file = path.join(cwd, 'ingestion', 'data', 'data.csv');
      await writeFile(file, diseasesCsv(21_369));
      const server = await serve(cwd);
      const run = <T>(name: string, input: object): Promise<T> =>
        python.run('python_project.py', { case: name, with: { uri: server.flight, ...input } });
      for (const target of ['', 'duckdb']) {
        const { rows, columns, problem } = await run<Ingested>('ingest', { file, table: 'diseases', target });
        assert.deepEqual([rows, columns.length, problem], [21_369, 10, null]);
      }
      const [answer] = await run<Record<string, unknown>[]>('query', {
        sql: 'SELECT count(*) AS patients, count(DISTINCT "Difficulty Breathing") AS answers, min("Age") >= 18 AS grown FROM diseases',
      });
      assert.deepEqual(answer, { patients: 21_369, answers: 2, grown: true });
      const { problem } = await run<{ problem: { type: string } }>('ingest', {
        file,
        table: 'diseases',
        target: 'iceberg',
      });
      assert.equal(problem.type, 'ArrowNotImplementedError');
      const tables = JSON.parse((await duckhouse(['ls', '--json'], { cwd })).stdout) as {
        name: string;
        rows: number;
      }[];
      assert.deepEqual(
        tables.map(({ name, rows }) => [name, rows]),
        [['diseases', 21_369]],
      );
      assert.equal(await server.stop(), 0);
    }),
);

test('real dbt accepts the starter’s project and builds it on the file', { skip: dbt.skip }, () =>
  inTemporaryFolder(async (cwd) => {
    await copyStarter(cwd);
    const loaded = await duckhouse(['ingest', 'ingestion/data', '--quiet'], { cwd });
    assert.equal(loaded.code, 0, loaded.stderr);
    // dbt wants its own name for the file of profiles.
    await mkdir(path.join(cwd, 'profiles'));
    await rename(path.join(cwd, 'config', 'dbt_profiles.yml'), path.join(cwd, 'profiles', 'profiles.yml'));
    const project = path.join(cwd, 'transform', 'dbt_project');
    const { status, stdout, stderr } = spawnSync(dbt.program('dbt'), ['--no-use-colors', 'build'], {
      cwd: project,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: cwd,
        DBT_PROFILES_DIR: path.join(cwd, 'profiles'),
        DUCKDB_PATH: path.join(cwd, '.duckhouse', 'warehouse.duckdb'),
        DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      },
    });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /Done\. PASS=\d+ WARN=0 ERROR=0 SKIP=0/);
    assert.doesNotMatch(stdout, /[Dd]eprecat/);
    const rows = await duckhouse(
      [
        'query',
        '--json',
        'SELECT (SELECT count(*) FROM airline_delays) = (SELECT count(DISTINCT carrier) FROM flights) AS complete',
      ],
      { cwd },
    );
    assert.deepEqual(JSON.parse(rows.stdout), [{ complete: true }], rows.stderr);
  }),
);
