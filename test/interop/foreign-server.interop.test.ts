import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectFlightSql } from '../../src/flight/index.ts';
import { duckhouse, inTemporaryFolder } from '../workspace.ts';
import { goProgram } from './tool.ts';

// The Arrow project's example server in Go: Flight SQL over SQLite.
const foreign = goProgram(
  'github.com/apache/arrow-go/v18/arrow/flight/flightsql/example/cmd/sqlite_flightsql_server@v18.8.0',
);
const credentials = { username: 'flight_username', password: 'flight_password' };

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function withForeignServer(work: (uri: string) => Promise<void>): Promise<void> {
  const port = await freePort();
  const child: ChildProcess = spawn(foreign.path, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
  try {
    await sleep(1000);
    await work(`grpc://127.0.0.1:${port}`);
  } finally {
    child.kill('SIGKILL');
  }
}

test('duckhouse query asks a server of another make', { skip: foreign.skip }, () =>
  withForeignServer((uri) =>
    inTemporaryFolder(async (cwd) => {
      const sql = 'SELECT id, keyName, value FROM intTable ORDER BY id';
      const words = ['query', '--server', uri, '--username', credentials.username, '--format', 'ndjson', sql];
      const answer = await duckhouse(words, { cwd, env: { DUCKHOUSE_PASSWORD: credentials.password } });
      assert.equal(answer.code, 0, answer.stderr);
      const rows = answer.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      assert.equal(rows.length, 4);
      assert.deepEqual(rows[0], { id: 1, keyName: 'one', value: 1 });
      assert.deepEqual(rows[3], { id: 4, keyName: null, value: null });
    }),
  ),
);

test('the client updates, prepares and binds on a server of another make', { skip: foreign.skip }, () =>
  withForeignServer(async (uri) => {
    const client = connectFlightSql({ uri, ...credentials });
    try {
      assert.equal(await client.execute("INSERT INTO intTable (keyName, value) VALUES ('five', 5)"), 1);
      const { messages } = await client.query('SELECT keyName FROM intTable WHERE value = ?', { params: [5] });
      let rows = 0;
      for await (const message of messages) {
        rows += message.rows;
        message.release();
      }
      assert.equal(rows, 1);
    } finally {
      await client.close();
    }
  }),
);
