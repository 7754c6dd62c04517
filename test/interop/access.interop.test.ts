import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type Accounts, addUser, createApiToken, writeAccounts } from '../../src/access/index.ts';
import { type RunningServer, runServer } from '../flight/running-server.ts';
import { inTemporaryFolder } from '../workspace.ts';
import { pythonWith } from './python.ts';

// Roles and proofs as the stock ADBC driver meets them.
const python = await pythonWith(
  'adbc-driver-flightsql==1.13.0',
  'adbc-driver-manager==1.13.0',
  'pyarrow==26.0.1',
  'pandas==3.1.1',
  'polars==2.1.0',
);
const { skip } = python;
const password = 'a:long: password';
type Failure = { readonly type: string; readonly message: string } | null;

async function withAccounts(
  work: (running: RunningServer, folder: string, token: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    let accounts: Accounts = { users: [], tokens: [] };
    for (const role of ['reader', 'writer', 'admin'] as const)
      accounts = await addUser(accounts, { name: role, role, password });
    const { addTo, text } = createApiToken({ name: 'ci', role: 'reader' });
    writeAccounts(usersFile, addTo(accounts));
    const running = await runServer({ auth: { usersFile } });
    try {
      await running.lakehouse.engine.execute('CREATE TABLE kept AS SELECT 1 AS a');
      await work(running, folder, text);
    } finally {
      await running.close();
    }
  });
}

test('ADBC: a reader reads, a writer writes tables, an administrator does the rest', { skip }, () =>
  withAccounts(async ({ port }, folder) => {
    const forbidden = path.join(folder, 'secret.txt');
    writeFileSync(forbidden, 'secret');
    for (const [role, may] of [
      ['reader', []],
      ['writer', ['create', 'insert', 'ingest']],
      ['admin', ['create', 'insert', 'ingest', 'file', 'copy', 'setting']],
    ] as const) {
      const input = { uri: `grpc://127.0.0.1:${port}`, username: role, password, forbidden };
      const { read, tables, columns, ...asked } = await python.run<Record<string, Failure>>('access_adbc.py', {
        case: 'rights',
        with: input,
      });
      assert.deepEqual([(read as unknown as unknown[][])[0]?.[0], columns], [7, ['a']]);
      assert.ok(Number(tables) > 0);
      for (const [name, failure] of Object.entries(asked)) {
        if ((may as readonly string[]).includes(name))
          assert.equal(failure, null, `${role} ${name}: ${failure?.message}`);
        else assert.match(failure?.message ?? '', /UNAUTHORIZED.* may not use /, `${role} ${name}`);
      }
      assert.equal(existsSync(`${forbidden}.out`), role === 'admin');
    }
  }),
);

test('ADBC: passwords, headers and tokens open a connection, anything else is UNAUTHENTICATED', { skip }, () =>
  withAccounts(async ({ port }, _, token) => {
    const input = { uri: `grpc://127.0.0.1:${port}`, username: 'writer', password, token };
    const answers = await python.run<Record<string, Failure>>('access_adbc.py', { case: 'proofs', with: input });
    for (const [name, failure] of Object.entries(answers)) {
      if (/^(wrong|unknown|nothing)/.test(name)) assert.match(failure?.message ?? '', /UNAUTHENTICATED/, name);
      else assert.equal(failure, null, `${name}: ${failure?.message}`);
    }
  }),
);
