import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendBits, appendOnes, countZeros, isBitSet } from '../../src/arrow/index.ts';

const bytes = Uint8Array.from({ length: 12 }, (_, i) => (i * 37 + 11) & 255);
const bitsOf = (source: Uint8Array, start: number, count: number): boolean[] =>
  Array.from({ length: count }, (_, i) => isBitSet(source, start + i));

test('zeros are counted from any bit to any other', () => {
  for (let start = 0; start < 20; start++)
    for (let count = 0; count <= 60; count++)
      assert.equal(countZeros(bytes, start, count), bitsOf(bytes, start, count).filter((bit) => !bit).length);
});

test('bits are appended from any bit at any other, and nothing before them changes', () => {
  for (let from = 0; from < 9; from++)
    for (let to = 0; to < 17; to++)
      for (const count of [0, 1, 7, 8, 9, 16, 23, 40, 64]) {
        const target = new Uint8Array(12);
        appendOnes(target, 0, to);
        appendBits(target, to, bytes, from, count);
        assert.deepEqual(
          bitsOf(target, 0, 96),
          [...Array(to).fill(true), ...bitsOf(bytes, from, count), ...Array(96 - to - count).fill(false)],
          `${count} bits from ${from} to ${to}`,
        );
      }
});
