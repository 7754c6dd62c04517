import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openLogFile } from '../../src/dbt/events/log-file.ts';
import { newFolder } from './project.ts';

// A run that logged without end filled the disk: the file was put aside when a run began only.
test('a log that grows is put aside while it is written, and five old ones are kept', () => {
  const folder = newFolder();
  const log = openLogFile(folder, 1000);
  for (let at = 0; at < 10; at++) {
    log.add(`${String(at).repeat(699)}\n`);
    log.flush();
    assert.equal(readFileSync(path.join(folder, 'dbt.log'), 'utf8')[0], String(at));
  }
  assert.deepEqual(readdirSync(folder).sort(), [
    'dbt.log',
    ...['1', '2', '3', '4', '5'].map((number) => `dbt.log.${number}`),
  ]);
  assert.equal(readFileSync(path.join(folder, 'dbt.log.5'), 'utf8')[0], '4');
  rmSync(folder, { recursive: true });
  log.add('there is no folder any more');
  log.flush();
});

test('without a limit there is one log', () => {
  const folder = newFolder();
  const log = openLogFile(folder, 0);
  for (let at = 0; at < 3; at++) log.add('x'.repeat(100_000));
  log.flush();
  assert.deepEqual(readdirSync(folder), ['dbt.log']);
  assert.equal(readFileSync(path.join(folder, 'dbt.log')).length, 300_000);
});

test('lines that come soon after one another are written together, soon', async () => {
  const folder = newFolder();
  const log = openLogFile(folder, 0);
  const size = (): number => statSync(path.join(folder, 'dbt.log'), { throwIfNoEntry: false })?.size ?? 0;
  log.add('one\n');
  await new Promise((resolve) => setImmediate(resolve));
  log.add('two\n');
  assert.equal(size(), 0, 'nothing is written after each line');
  for (let at = 0; at < 200 && size() === 0; at++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(readFileSync(path.join(folder, 'dbt.log'), 'utf8'), 'one\ntwo\n');
});
