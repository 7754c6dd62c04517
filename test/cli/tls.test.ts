import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { duckhouse, inTemporaryFolder, serve } from '../workspace.ts';

const pem = (name: string): string => path.resolve('test/fixtures/tls', name);
const certificate = ['--tls-cert', pem('server.crt'), '--tls-key', pem('server.key')];
const answer = (args: readonly string[], cwd: string) => duckhouse(['query', 'SELECT 42 AS a', ...args], { cwd });

test('commands of a workspace trust the certificate of its server: they had to be told of its authority', () =>
  inTemporaryFolder(async (cwd) => {
    await duckhouse(['user', 'add', 'ada'], { cwd, input: 'a long password\n' });
    // The name in the certificate is not the address that the server is at.
    const server = await serve(cwd, ['--host', '0.0.0.0', ...certificate]);
    try {
      assert.deepEqual(await answer([], cwd), { code: 0, stdout: '{"a":42}\n', stderr: '' });
      assert.match((await duckhouse(['ls'], { cwd })).stderr, /no tables yet/);
      const elsewhere = await answer(['--server', server.flight], cwd);
      assert.equal(elsewhere.code, 5);
      assert.match(elsewhere.stderr, /is not trusted/);
      const stranger = await answer(['--tls-ca', pem('stranger.crt')], cwd);
      assert.deepEqual([stranger.code, stranger.stdout], [5, '']);
    } finally {
      await server.stop();
    }
  }));

test('beyond the loopback address nobody gets in when the last account is removed, but for the owner of the workspace', () =>
  inTemporaryFolder(async (cwd) => {
    await duckhouse(['user', 'add', 'ada'], { cwd, input: 'a long password\n' });
    const server = await serve(cwd, ['--host', '0.0.0.0', ...certificate]);
    try {
      await duckhouse(['user', 'remove', 'ada'], { cwd });
      await new Promise((resolve) => setTimeout(resolve, 600)); // the file is read again
      const remote = server.flight.replace('0.0.0.0', 'localhost');
      const stranger = await answer(['--server', remote, '--tls-ca', pem('ca.crt')], cwd);
      assert.deepEqual([stranger.code, stranger.stdout], [4, '']);
      assert.equal((await answer([], cwd)).stdout, '{"a":42}\n');
    } finally {
      await server.stop();
    }
  }));

test('who has no certificate for a server that wants one is told so, and is denied: the connection had just broken off', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd, [...certificate, '--tls-client-ca', pem('ca.crt')]);
    try {
      const without = await answer([], cwd);
      assert.deepEqual([without.code, without.stdout], [4, '']);
      assert.match(without.stderr, /wants a client certificate/);
      const foreign = await answer(['--tls-cert', pem('stranger.crt'), '--tls-key', pem('stranger.key')], cwd);
      assert.deepEqual([foreign.code, foreign.stdout], [4, '']);
      assert.match(foreign.stderr, /saw the client certificate[\s\S]*of an authority that the server trusts/);
      const own = await answer(['--tls-cert', pem('client.crt'), '--tls-key', pem('client.key')], cwd);
      assert.deepEqual([own.code, own.stdout], [0, '{"a":42}\n']);
    } finally {
      await server.stop();
    }
  }));
