import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBesideWrites } from './plan-window.ts';

test('so it is in a longer run', { timeout: 600_000 }, async () => {
  const { query, waiting, change } = await readBesideWrites(3000);
  assert.deepEqual({ query, waiting, change }, { query: 0, waiting: 0, change: 0 });
});
