import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as flechette from '@uwdata/flechette';
import {
  createBatchDecoder,
  decodeSchema,
  type IpcMessage,
  readIpcStream,
  valueReader,
} from '../../src/arrow/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';

const { tableFromArrays, tableToIPC, utf8, dictionary, int32, list, struct } = flechette;

const sample = tableToIPC(
  tableFromArrays(
    { s: ['a', null, 'é'], d: ['x', 'y', 'x'], i: [1, null, 3], l: [[1, 2], [], null], o: [{ a: 1 }, null, { a: 2 }] },
    { types: { s: utf8(), d: dictionary(utf8()), i: int32(), l: list(int32()), o: struct({ a: int32() }) } },
  ),
  { format: 'stream' },
) as Uint8Array;

/** Reads everything there is, values too: whatever the bytes say, only a DuckhouseError may come out. */
async function readAll(bytes: Uint8Array): Promise<void> {
  let decode: ReturnType<typeof createBatchDecoder>['decode'] | undefined;
  const source = (async function* () {
    yield bytes;
  })();
  for await (const message of readIpcStream(source)) {
    if (decode === undefined) decode = createBatchDecoder(decodeSchema((message as IpcMessage).metadata)).decode;
    else
      for (const column of decode(message)?.columns ?? [])
        for (let row = 0; row < Math.min(column.length, 100); row++) valueReader(column)(row);
  }
}

async function assertSafe(bytes: Uint8Array, what: string): Promise<boolean> {
  try {
    await readAll(bytes);
    return true;
  } catch (error) {
    assert.ok(
      isDuckhouseError(error) && (error.kind === 'DataInvalid' || error.kind === 'Unsupported'),
      `${what}: ${error instanceof Error ? error.stack : error}`,
    );
    return false;
  }
}

test('a stream cut at any byte gives an error with its position or ends between messages', async () => {
  for (let length = 0; length < sample.length; length++) await assertSafe(sample.slice(0, length), `cut at ${length}`);
});

/** A small generator with a seed: the same mutations every time. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
}

test('20,000 mutations of a stream give values or errors, nothing else', async () => {
  const random = randomNumbers(20261124);
  let read = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = sample.slice();
    for (let k = 0; k <= random(4); k++) bytes[random(bytes.length)] = random(3) === 0 ? 255 : random(256);
    if (await assertSafe(bytes, `mutation ${i}`)) read++;
  }
  assert.ok(read > 0 && read < 20_000);
});
