import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replay } from './replay.ts';

test('the whole script of the kitchen sink goes as it went with real dbt', async () => {
  assert.equal(await replay(Number.POSITIVE_INFINITY), 33);
});
