import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decompressBuffer } from '../../src/arrow/compression.ts';
import { decodeLz4Frame } from '../../src/arrow/lz4.ts';
import { isDuckhouseError } from '../../src/errors.ts';

const invalid = (error: unknown): boolean => isDuckhouseError(error) && error.kind === 'DataInvalid';
const magic = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
const int32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
const declared = (size: bigint, data: readonly number[]): Uint8Array => {
  const bytes = Buffer.alloc(8 + data.length);
  bytes.writeBigInt64LE(size);
  bytes.set(data, 8);
  return bytes;
};

test('LZ4 frames of stored and of matched blocks are decoded', () => {
  const stored = [...magic, ...int32(0x80000003), 97, 98, 99, ...int32(0)];
  assert.equal(Buffer.from(decodeLz4Frame(Uint8Array.from(stored), 3)).toString(), 'abc');
  // "ab", then a match of 8 bytes at distance 2 that overlaps itself, then the literal "z".
  const block = [0x24, 97, 98, 2, 0, 0x10, 122];
  assert.equal(
    Buffer.from(
      decodeLz4Frame(Uint8Array.from([...magic, ...int32(block.length), ...block, ...int32(0)]), 11),
    ).toString(),
    'ababababab' + 'z',
  );
});

test('LZ4 frames that lie about sizes or distances are errors', () => {
  const stored = [...magic, ...int32(0x80000003), 97, 98, 99, ...int32(0)];
  assert.throws(() => decodeLz4Frame(Uint8Array.from(stored), 2), invalid);
  assert.throws(() => decodeLz4Frame(Uint8Array.from(stored), 4), invalid);
  assert.throws(
    () => decodeLz4Frame(Uint8Array.from([...magic, ...int32(4), 0x10, 97, 9, 0, ...int32(0)]), 8),
    invalid,
  );
  assert.throws(() => decodeLz4Frame(Uint8Array.from([1, 2, 3]), 8), invalid);
  for (let length = 0; length < stored.length; length++)
    assert.throws(() => decodeLz4Frame(Uint8Array.from(stored.slice(0, length)), 3), invalid);
});

test('a ZSTD buffer gives what it declares, more or less of it is an error', () => {
  // A frame with one raw block of three bytes.
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x03, 0x19, 0x00, 0x00, 97, 98, 99];
  assert.equal(Buffer.from(decompressBuffer(declared(3n, frame), 'zstd')).toString(), 'abc');
  assert.throws(() => decompressBuffer(declared(2n, frame), 'zstd'), invalid);
  assert.throws(() => decompressBuffer(declared(9n, frame), 'zstd'), invalid);
  assert.throws(() => decompressBuffer(declared(3n, [1, 2, 3]), 'zstd'), invalid);
  assert.deepEqual([...decompressBuffer(declared(-1n, [1, 2]), 'zstd')], [1, 2]);
  assert.throws(() => decompressBuffer(declared(2n ** 40n, frame), 'lz4Frame'), invalid);
});
