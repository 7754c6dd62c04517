import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DuckhouseError } from '../../src/errors.ts';
import type { FlightClient } from '../../src/flight/index.ts';
import { failsWith, type RunningServer, type RunOptions, rowsOf, runServer } from './running-server.ts';

const pem = (name: string): string => readFileSync(`test/fixtures/tls/${name}`, 'utf8');
const serverTls = { cert: pem('server.crt'), key: pem('server.key') };
const ca = pem('ca.crt');

async function withServer(options: RunOptions, work: (running: RunningServer) => Promise<void>): Promise<void> {
  const running = await runServer({ client: { retries: 0 }, ...options });
  try {
    await work(running);
  } finally {
    await running.close();
  }
}

const one = async (client: FlightClient): Promise<unknown> => (await rowsOf(await client.query('SELECT 1')))[0]?.[0];

test('a client with the right password or a token gets in, others do not', () =>
  withServer({ auth: { username: 'ada', password: 'p:w', tokens: ['tok'] } }, async ({ connect }) => {
    assert.equal(await one(connect({ username: 'ada', password: 'p:w' })), 1);
    assert.equal(await one(connect({ token: 'tok' })), 1);
    await assert.rejects(
      one(connect({ username: 'ada', password: 'wrong' })),
      failsWith('Unauthenticated', /wrong user name or password/),
    );
    await assert.rejects(one(connect({ token: 'other' })), failsWith('Unauthenticated', /not valid/));
    await assert.rejects(one(connect()), failsWith('Unauthenticated', /no credentials/));
    assert.equal(await connect().health(), true);
  }));

test('a handshake exchanges the password for a token that is used from then on', () =>
  withServer({ auth: { username: 'ada', password: 'secret' } }, async ({ connect }) => {
    const client = connect({ username: 'ada', password: 'secret' });
    const token = await client.handshake();
    assert.equal(await one(client), 1);
    assert.equal(await one(connect({ token: token as string })), 1);
    await assert.rejects(
      connect({ username: 'ada', password: 'wrong' }).handshake(),
      failsWith('Unauthenticated', /wrong/),
    );
  }));

test('a token that has expired is refused, and the error says so', () =>
  withServer({ auth: { password: 'secret', tokenLifetimeMs: 1 } }, async ({ connect }) => {
    const token = await connect({ password: 'secret' }).handshake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await assert.rejects(one(connect({ token: token as string })), failsWith('Unauthenticated', /expired at/));
  }));

test('a handshake without accounts changes nothing', () =>
  withServer({}, async ({ client }) => {
    await client.handshake();
    assert.equal(await one(client), 1);
  }));

test('TLS: a client that trusts the authority gets in, one that does not is refused', () =>
  withServer({ tls: serverTls }, async ({ connect }) => {
    assert.equal(await one(connect({ tls: { ca } })), 1);
    assert.equal(await one(connect({ tls: { insecure: true } })), 1);
    await assert.rejects(one(connect()), (error) => {
      failsWith('Unavailable', /cannot reach grpc\+tls:.*(certificate|issuer)/)(error);
      assert.equal(error instanceof DuckhouseError && error.id, 'server-untrusted'); // it used to ask whether the server runs
      return true;
    });
  }));

test('mutual TLS: only a client with a certificate of the authority gets in', () =>
  withServer({ tls: { ...serverTls, clientCa: ca } }, async ({ connect }) => {
    assert.equal(await one(connect({ tls: { ca, cert: pem('client.crt'), key: pem('client.key') } })), 1);
    await assert.rejects(one(connect({ tls: { ca } })), failsWith('Unauthenticated', /wants a client certificate/));
    await assert.rejects(
      one(connect({ tls: { ca, cert: pem('stranger.crt'), key: pem('stranger.key') } })),
      failsWith('Unauthenticated', /closed the connection when it saw the client certificate/), // it had just broken off
    );
  }));

test('a connection that another process accepted is served, with and without TLS', async () => {
  const { createServer } = await import('node:net');
  for (const tls of [undefined, serverTls]) {
    await withServer({ tls }, async ({ server, connect }) => {
      const front = createServer((socket) => server.acceptConnection(socket));
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
      const { port } = front.address() as { port: number };
      const uri = `${tls === undefined ? 'grpc' : 'grpc+tls'}://127.0.0.1:${port}`;
      try {
        assert.equal(await one(connect({ uri, tls: { ca } })), 1);
      } finally {
        front.close();
      }
    });
  }
});
