import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readJinjaCases, runJinjaCases } from '../../src/testing/jinja-case-runner.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const file = path.join(root, 'test/fixtures/jinja/cases.json');

test('every case gives what Jinja2 as dbt configures it gave, synchronously and asynchronously', async () => {
  const failures: unknown[] = [];
  const { passed } = await runJinjaCases(file, (failure) => failures.push(failure));
  assert.deepEqual(failures, []);
  assert.equal(passed, readJinjaCases(file).length);
  assert.ok(passed > 1700);
});
