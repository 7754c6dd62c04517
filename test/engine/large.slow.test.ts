import assert from 'node:assert/strict';
import { freemem } from 'node:os';
import { test } from 'node:test';
import { withEngine } from './engine-rows.ts';

const neededBytes = 12e9;

test(
  'one chunk of DuckDB with more than 2 GiB of text is split and arrives whole',
  {
    skip: freemem() < neededBytes ? `less than ${neededBytes / 1e9} GB of memory are free` : false,
  },
  () =>
    withEngine(async (engine) => {
      const result = await engine.query("SELECT repeat('x', 1_300_000) || i AS s, i FROM range(2048) t(i)");
      let rows = 0;
      let bytes = 0;
      for await (const batch of result.batches) {
        assert.equal(batch.rows, 1);
        rows += batch.rows;
        bytes += batch.body.byteLength;
        batch.release();
      }
      assert.equal(rows, 2048);
      assert.ok(bytes > 2 ** 31, `${bytes} bytes`);
    }),
);
