import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEngine } from '../../src/engine/index.ts';
import { connectFlight, type FlightClient, type OutgoingBatch, pathDescriptor } from '../../src/flight/index.ts';
import { inTemporaryFolder, serve } from '../workspace.ts';

/** What the resident size may differ by between a tenth of the amount and all of it. */
const slackBytes = 300e6;
const rowBytes = 8 + 4 + 101;
const gigabyte = 1e9;
const small = 1;
const large = 10;

interface Watched {
  readonly client: FlightClient;
  readonly resident: () => number;
}

/** A server whose DuckDB may keep little, so that what grows with the amount is ours. */
const withServer = (work: (watched: Watched) => Promise<void>): Promise<void> =>
  inTemporaryFolder(async (folder) => {
    const server = await serve(folder, ['--memory-limit', '500MB']);
    const { serverPid } = await server.serverFile();
    const client = connectFlight({ uri: server.flight });
    try {
      await work({ client, resident: () => residentBytes(serverPid) });
    } finally {
      client.close();
      await server.stop();
    }
  });

const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

async function readOut({ client, resident }: Watched, gigabytes: number): Promise<number> {
  const wanted = Math.round((gigabytes * gigabyte) / rowBytes);
  const { messages } = await client.query(`SELECT range AS i, repeat('x', 101) AS filling FROM range(${wanted})`);
  let rows = 0;
  let peak = 0;
  for await (const message of messages) {
    rows += message.rows;
    peak = Math.max(peak, resident());
    message.release();
  }
  assert.equal(rows, wanted);
  return peak;
}

async function sendIn(watched: Watched, gigabytes: number, table = `in_${gigabytes}`): Promise<number> {
  const { client, resident } = watched;
  const engine = await openEngine({ database: ':memory:' });
  let peak = 0;
  try {
    const wanted = Math.round((gigabytes * gigabyte) / rowBytes);
    const result = await engine.query(`SELECT range AS i, repeat('x', 101) AS filling FROM range(${wanted})`);
    const batches = async function* (): AsyncGenerator<OutgoingBatch> {
      for await (const batch of result.batches) {
        peak = Math.max(peak, resident());
        yield batch;
      }
    };
    const receipt = await client.doPut(pathDescriptor([table]), {
      schema: result.schema,
      batches: batches(),
    });
    assert.equal((JSON.parse(Buffer.from(receipt).toString()) as { readonly rows: number }).rows, wanted);
  } finally {
    await engine.close();
  }
  return peak;
}

for (const [name, move] of [
  ['out', readOut],
  ['in', sendIn],
] as const) {
  test(
    `the server's size does not grow with the gigabytes that go ${name}`,
    {
      skip: process.platform === 'linux' ? false : 'reads /proc',
    },
    () =>
      withServer(async (watched) => {
        const peakOfSmall = await move(watched, small);
        const peakOfLarge = await move(watched, large);
        process.stderr.write(
          `${name}: peak ${Math.round(peakOfSmall / 1e6)} MB with ${small} GB, ${Math.round(peakOfLarge / 1e6)} MB with ${large} GB\n`,
        );
        assert.ok(peakOfLarge < peakOfSmall + slackBytes, `${peakOfLarge} bytes against ${peakOfSmall}`);
      }),
  );
}

test('what loads side by side took is given back when they have ended', { skip: process.platform !== 'linux' }, () =>
  withServer(async (watched) => {
    let peak = 0;
    for (let round = 0; round < 3; round++)
      for (const one of await Promise.all([0, 1, 2, 3].map((i) => sendIn(watched, 0.2, `side_${round}_${i}`))))
        peak = Math.max(peak, one);
    await sleep(12_000);
    const after = watched.resident();
    process.stderr.write(`peak ${Math.round(peak / 1e6)} MB, afterwards ${Math.round(after / 1e6)} MB\n`);
    assert.ok(after < 0.75 * peak, `${after} bytes against ${peak}`);
  }),
);
