import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readBuiltInMacros } from '../../src/dbt/parse/built-in-macros.ts';

const root = path.resolve(import.meta.dirname, '../../..');

test('the built command has all built-in macros in one file, as their own files have them', () => {
  const read = readBuiltInMacros();
  const joined: unknown = JSON.parse(readFileSync(path.join(root, 'dist/dbt/macros/built-in.json'), 'utf8'));
  assert.ok(read.flatMap(({ macros }) => macros).length > 400);
  assert.deepEqual(joined, read);
});
