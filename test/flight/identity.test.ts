import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type Accounts, addUser, createAuthenticator, writeAccounts } from '../../src/access/index.ts';
import { createChannel } from '../../src/flight/grpc/client-channel.ts';
import { type FlightClient, pathDescriptor } from '../../src/flight/index.ts';
import { grpcMessage } from '../../src/flight/proto/flight-data.ts';
import { decodeHandshake, encodeHandshake } from '../../src/flight/proto/messages.ts';
import { bytesField, concat } from '../../src/flight/proto/wire.ts';
import { inTemporaryFolder } from '../workspace.ts';
import {
  endlessSql,
  eventually,
  failsWith,
  type RunningServer,
  type RunOptions,
  rowsOf,
  runServer,
} from './running-server.ts';

const pem = (name: string): string => readFileSync(`test/fixtures/tls/${name}`, 'utf8');
const none: Accounts = { users: [], tokens: [] };

async function withServer(options: RunOptions, work: (running: RunningServer) => Promise<void>): Promise<void> {
  const running = await runServer({ client: { retries: 0 }, ...options });
  try {
    await work(running);
  } finally {
    await running.close();
  }
}

const query = async (client: FlightClient, sql: string): Promise<unknown> =>
  (await rowsOf(await client.query(sql)))[0]?.[0];

test('the common name of a client certificate is a user with a role', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    writeAccounts(usersFile, await addUser(none, { name: 'DuckHouse test client', role: 'reader' }));
    const tls = { cert: pem('server.crt'), key: pem('server.key'), clientCa: pem('ca.crt') };
    await withServer({ auth: { usersFile }, tls }, async ({ connect }) => {
      const client = connect({ tls: { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') } });
      assert.equal(await query(client, 'SELECT 42'), 42);
      await assert.rejects(
        query(client, 'CREATE TABLE t (a INT)'),
        failsWith('PermissionDenied', /DuckHouse test client \(reader\) may not use CREATE TABLE/),
      );
      const token = (await client.handshake()) as string;
      assert.equal(
        await query(
          connect({ token, tls: { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') } }),
          'SELECT 1',
        ),
        1,
      );
    });
  }));

test('a handshake takes credentials in its payload, as the first clients sent them', () =>
  withServer({ auth: { username: 'ada', password: 'a:b' } }, async ({ port, connect }) => {
    const channel = createChannel({ url: `http://127.0.0.1:${port}` });
    const handshake = async (username: string, password: string): Promise<string> => {
      const call = await channel.open('/arrow.flight.protocol.FlightService/Handshake', {});
      const basicAuth = concat([bytesField(2, username), bytesField(3, password)]);
      await call.send(grpcMessage(encodeHandshake(basicAuth)));
      call.half();
      let token = '';
      for await (const message of call.messages()) {
        token = Buffer.from(decodeHandshake(message.bytes)).toString('utf8');
        message.release();
      }
      return token;
    };
    try {
      assert.equal(await query(connect({ token: await handshake('ada', 'a:b') }), 'SELECT 7'), 7);
      await assert.rejects(handshake('ada', 'a'), failsWith('Unauthenticated', /wrong/));
      await assert.rejects(handshake('', ''), failsWith('Unauthenticated', /wrong/));
    } finally {
      channel.close();
    }
  }));

test('a client that sends nothing and ends is answered however long its credentials take to check', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    writeAccounts(usersFile, await addUser(none, { name: 'ada', role: 'reader', password: 'long enough' }));
    await withServer({ auth: { usersFile } }, async ({ port }) => {
      const channel = createChannel({ url: `http://127.0.0.1:${port}` });
      const call = await channel.open('/arrow.flight.protocol.FlightService/Handshake', {
        authorization: `Basic ${Buffer.from('ada:long enough').toString('base64')}`,
      });
      call.half();
      for await (const message of call.messages()) message.release();
      assert.match(String((await call.responseHeaders).authorization), /^Bearer /);
      channel.close();
    });
  }));

test('a JWT opens calls, and a token given for it ends with it', () =>
  inTemporaryFolder(async (folder) => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const jwks = path.join(folder, 'keys.json');
    writeFileSync(jwks, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = (role: string, seconds: number): string => {
      const claims = { iss: 'i', aud: 'duckhouse', sub: 'ada', role, exp: Math.ceil(Date.now() / 1000) + seconds };
      const signed = `${part({ alg: 'EdDSA' })}.${part(claims)}`;
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
    };
    const auth = { jwt: { jwks, issuer: 'i', audience: 'duckhouse', skewSeconds: 0 } };
    await withServer({ auth }, async ({ connect }) => {
      await query(connect({ token: jwt('admin', 60) }), 'CREATE TABLE t AS SELECT 1 AS a');
      await assert.rejects(
        query(connect({ token: jwt('reader', 60) }), 'DROP TABLE t'),
        failsWith('PermissionDenied', /DROP/),
      );
      const brief = connect({ token: jwt('writer', 1) });
      const token = (await brief.handshake()) as string;
      assert.equal(await query(connect({ token }), 'SELECT count(*) FROM t'), 1n);
      await new Promise((resolve) => setTimeout(resolve, 2100));
      await assert.rejects(query(connect({ token }), 'SELECT 1'), failsWith('Unauthenticated', /expired/));
      await assert.rejects(
        query(connect({ token: jwt('king', 60) }), 'SELECT 1'),
        failsWith('Unauthenticated', /no role/),
      );
    });
  }));

test('a call with an ageing token is answered with a new one, other calls with none', () =>
  withServer({ auth: { password: 'long enough', tokenLifetimeMs: 1500 } }, async ({ connect, port }) => {
    const token = (await connect({ password: 'long enough' }).handshake()) as string;
    const channel = createChannel({ url: `http://127.0.0.1:${port}` });
    const answered = async (authorization: string): Promise<unknown> => {
      const call = await channel.open('/arrow.flight.protocol.FlightService/ListActions', { authorization });
      await call.send(grpcMessage(new Uint8Array(0)));
      call.half();
      for await (const message of call.messages()) message.release();
      return (await call.responseHeaders).authorization;
    };
    try {
      assert.equal(await answered(`Bearer ${token}`), undefined);
      assert.equal(await answered(`Basic ${Buffer.from('admin:long enough').toString('base64')}`), undefined);
      await new Promise((resolve) => setTimeout(resolve, 800));
      const renewed = String(await answered(`Bearer ${token}`));
      await new Promise((resolve) => setTimeout(resolve, 800));
      assert.equal(await query(connect({ token: renewed.replace('Bearer ', '') }), 'SELECT 5'), 5);
      await assert.rejects(query(connect({ token }), 'SELECT 1'), failsWith('Unauthenticated', /expired/));
    } finally {
      channel.close();
    }
  }));

test('roles hold for puts and actions as for statements', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    let accounts = none;
    for (const role of ['reader', 'writer', 'admin'] as const)
      accounts = await addUser(accounts, { name: role, role, password: 'correct horse' });
    writeAccounts(usersFile, accounts);
    await withServer({ auth: { usersFile } }, async ({ connect, lakehouse }) => {
      const [reader, writer, admin] = ['reader', 'writer', 'admin'].map((username) =>
        connect({ username, password: 'correct horse' }),
      ) as [FlightClient, FlightClient, FlightClient];
      const put = async (client: FlightClient, to: readonly string[]): Promise<unknown> => {
        const source = await lakehouse.query('SELECT 1 AS a');
        return client
          .doPut(pathDescriptor([...to]), { schema: source.schema, batches: source.batches })
          .finally(() => source.close());
      };
      const denied = (what: RegExp) => failsWith('PermissionDenied', what);
      await assert.rejects(put(reader, ['t']), denied(/reader \(reader\) may not use table t for writing/));
      await put(writer, ['t']);
      for (const own of [
        ['_duckhouse', 'loads'],
        ['duckhouse_system', 'main', 'queries'],
      ])
        await assert.rejects(put(writer, own), denied(/DuckHouse's own/));
      const view = { name: 'v', sql: 'SELECT * FROM t' };
      await assert.rejects(reader.doAction('create_view', view), denied(/action create_view/));
      await writer.doAction('create_view', view);
      for (const sql of [
        `SELECT * FROM read_text('${usersFile}')`,
        `SELECT * FROM '${folder}/x.csv'`,
        'SELECT * FROM duckdb_settings()',
      ])
        await assert.rejects(writer.doAction('create_view', { name: 'w', sql }), denied(/may not use/));
      await admin.doAction('create_view', { name: 'w', sql: `SELECT * FROM read_text('${usersFile}')` });
      assert.match(String(await query(reader, 'SELECT content FROM w')), /"users"/);
      await reader.doAction('list_tables', {});
      await reader.doAction('describe', { name: 't' });
      for (const [action, body] of [
        ['drop', { name: 't' }],
        ['refresh', { name: 'v' }],
        ['query_progress', {}],
        ['kill_query', { queryId: 'x' }],
      ] as const)
        await assert.rejects(reader.doAction(action, body), denied(/may not use action/), action);
      await assert.rejects(writer.doAction('drop', { name: '_duckhouse.loads' }), denied(/the server's own/));
      await assert.rejects(writer.doAction('kill_query', { queryId: 'x' }), denied(/kill_query/));
      await writer.doAction('drop', { name: 'v' });
      const endless = admin.query(endlessSql).then(rowsOf);
      await eventually('the statement runs', () => lakehouse.progress().some(({ sql }) => sql === endlessSql));
      const [{ queryId } = { queryId: '' }] = lakehouse.progress().filter(({ sql }) => sql === endlessSql);
      for (const action of ['cancel', 'query_progress'])
        await assert.rejects(reader.doAction(action, { queryId }), denied(/somebody else/), action);
      await Promise.all([assert.rejects(endless), admin.doAction('cancel', { queryId })]);
      await assert.rejects(admin.doAction('kill_query', { queryId: 'x' }), failsWith('NotFound', /no statement x/));
    });
  }));

test('tokens of one server say nothing to another, and everybody is told the same of a wrong name and a wrong password', async () => {
  const one = createAuthenticator({ password: 'long enough' });
  const token = one.issueToken(await one.authenticatePassword('admin', 'long enough', 'a'));
  await withServer({ auth: { username: 'ada', password: 'long enough' } }, async ({ connect }) => {
    await assert.rejects(query(connect({ token }), 'SELECT 1'), failsWith('Unauthenticated', /not valid/));
    for (const credentials of [
      { username: 'ada', password: 'wrong' },
      { username: 'eve', password: 'long enough' },
    ])
      await assert.rejects(
        query(connect(credentials), 'SELECT 1'),
        failsWith('Unauthenticated', /^wrong user name or password$/),
      );
  });
});

test('administrators get in where the limits are reached: nobody could end what filled them', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    writeAccounts(usersFile, await addUser(none, { name: 'ada', role: 'writer', password: 'ada-password' }));
    const auth = { usersFile, username: 'root', password: 'root-password' };
    const sessions = { maxSessions: 1, maxRunning: 1, maxWaiting: 1 };
    await withServer({ auth, sessions }, async ({ connect, lakehouse, server }) => {
      const ada = connect({ username: 'ada', password: 'ada-password' });
      const endless = ada.query(endlessSql).then(rowsOf);
      endless.catch(() => undefined); // awaited below
      await eventually('it runs', () => lakehouse.progress().length === 1);
      const other = connect({ username: 'ada', password: 'ada-password' });
      await assert.rejects(query(other, 'SELECT 1'), failsWith('ResourceExhausted', /1 sessions/));
      const root = connect({ username: 'root', password: 'root-password' });
      assert.equal(await query(root, 'SELECT 1'), 1);
      const sessionId = server.sessions.list().find(({ principal }) => principal.name === 'ada')?.id;
      await root.doAction('kill_session', { sessionId });
      await assert.rejects(endless);
    });
  }));
