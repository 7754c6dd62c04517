import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openLogFile } from '../../src/dbt/events/log-file.ts';
import { newFolder } from './project.ts';

// A run that logged without end filled the disk: the file was put aside when a run began only.
test('a log that grows is put aside while it is written, and five old ones are kept', async () => {
  const folder = newFolder();
  const log = openLogFile(folder, 1000);
  for (let at = 0; at < 10; at++) {
    log(`${String(at).repeat(699)}\n`);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(readFileSync(path.join(folder, 'dbt.log'), 'utf8')[0], String(at));
  }
  assert.deepEqual(readdirSync(folder).sort(), [
    'dbt.log',
    ...['1', '2', '3', '4', '5'].map((number) => `dbt.log.${number}`),
  ]);
  assert.equal(readFileSync(path.join(folder, 'dbt.log.5'), 'utf8')[0], '4');
  rmSync(folder, { recursive: true });
  log('there is no folder any more');
  await new Promise((resolve) => setImmediate(resolve));
});

test('without a limit there is one log', async () => {
  const folder = newFolder();
  const log = openLogFile(folder, 0);
  for (let at = 0; at < 3; at++) log('x'.repeat(100_000));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(readdirSync(folder), ['dbt.log']);
  assert.equal(readFileSync(path.join(folder, 'dbt.log')).length, 300_000);
});
