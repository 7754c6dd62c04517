import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readJinjaCases, runJinjaCases } from '../../src/testing/jinja-case-runner.ts';

const root = path.resolve(import.meta.dirname, '../../..');

async function checkCases(name: string, least: number): Promise<void> {
  const file = path.join(root, 'test/fixtures/jinja', name);
  const failures: unknown[] = [];
  const { passed } = await runJinjaCases(file, (failure) => failures.push(failure));
  assert.deepEqual(failures, []);
  assert.equal(passed, readJinjaCases(file).length);
  assert.ok(passed >= least);
}

test('every case gives what Jinja2 as dbt configures it gave, synchronously and asynchronously', () =>
  checkCases('cases.json', 1777));

test('templates drawn at random give what Jinja2 gave', () => checkCases('random-cases.json', 700));
