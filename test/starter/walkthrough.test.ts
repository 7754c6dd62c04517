import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { diseasesCsv } from '../../src/testing/diseases.ts';
import { duckhouse, inTemporaryFolder, serve } from '../workspace.ts';

const starter = path.resolve(import.meta.dirname, '../../../examples/starter');

test('the walkthrough of the Python project works while the server runs: load, list, query', () =>
  inTemporaryFolder(async (cwd) => {
    await cp(starter, cwd, { recursive: true, filter: (source) => !source.includes('.duckhouse') });
    await writeFile(path.join(cwd, 'ingestion', 'data', 'data.csv'), diseasesCsv(2000));
    const server = await serve(cwd);
    const env = { FLIGHT_TABLE_NAME: 'diseases' };
    for (let round = 0; round < 2; round++) {
      const loaded = await duckhouse(['ingest', 'ingestion/data/data.csv', '--json', '--again'], { cwd, env });
      assert.equal(JSON.parse(loaded.stdout)[0].rows, 2000, loaded.stderr);
    }
    const tables = JSON.parse((await duckhouse(['ls', '--json'], { cwd })).stdout) as {
      name: string;
      rows: number;
      columns: { name: string }[];
    }[];
    assert.deepEqual(
      tables.map(({ name, rows }) => [name, rows]),
      [['diseases', 2000]],
    );
    assert.ok(tables[0]?.columns.some(({ name }) => name === 'Difficulty Breathing'));
    const sql =
      'SELECT Gender, count(*) AS patients, avg(Age) BETWEEN 18 AND 90 AS plausible FROM diseases GROUP BY ALL ORDER BY ALL';
    const answer = JSON.parse((await duckhouse(['query', '--json', sql], { cwd })).stdout) as {
      Gender: string;
      patients: number;
      plausible: boolean;
    }[];
    assert.deepEqual(
      answer.map(({ Gender, plausible }) => [Gender, plausible]),
      [
        ['Female', true],
        ['Male', true],
      ],
    );
    assert.equal(
      answer.reduce((sum, { patients }) => sum + patients, 0),
      2000,
    );
    assert.equal(await server.stop(), 0);
  }));

test('up --exit loads the starter, shows its query, and the second time loads nothing', () =>
  inTemporaryFolder(async (cwd) => {
    await cp(starter, cwd, { recursive: true, filter: (source) => !source.includes('.duckhouse') });
    const up = () => duckhouse(['up', '--exit', '--flight-port', '0', '--http-port', '0'], { cwd });
    const first = await up();
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^ready flight=grpc:\/\/127\.0\.0\.1:\d+ http=/);
    assert.match(first.stdout, /flights\.csv +warehouse\.main\.flights +loaded 27,004 rows/);
    assert.match(first.stdout, /ExpressJet Airlines Inc\. +3989/);
    const second = await up();
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /flights\.csv +warehouse\.main\.flights +loaded before \(27,004 rows\), nothing to do/);
    assert.doesNotMatch(second.stdout, /loaded \d/);
  }));

test('a bare folder of files is a workspace, and a file that fails makes up fail', () =>
  inTemporaryFolder(async (cwd) => {
    await writeFile(path.join(cwd, 'sales.csv'), 'a,b\n1,2\n');
    await writeFile(path.join(cwd, 'broken.json'), '[{');
    const up = await duckhouse(['up', '--exit', '--flight-port', '0', '--http-port', '0'], { cwd });
    assert.equal(up.code, 1);
    assert.match(up.stdout, /sales\.csv +warehouse\.main\.sales +loaded 1 row\n/);
    assert.match(up.stdout, /broken\.json +broken +failed/);
  }));
