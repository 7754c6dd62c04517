import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { addUser, authorise, createAuthenticator, type Principal, writeAccounts } from '../../src/access/index.ts';
import { createSlowDown } from '../../src/access/slow-down.ts';
import { DuckhouseError } from '../../src/errors.ts';
import { inTemporaryFolder } from '../workspace.ts';

const ada: Principal = { name: 'ada', role: 'admin', via: 'password' };
const identity = ({ name, role, via }: Principal): Principal => ({ name, role, via });

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const unpadded = (text: string): string => basic(text).replace(/=+$/, '');
const refused = (message: RegExp) => (error: unknown) =>
  error instanceof DuckhouseError && error.kind === 'Unauthenticated' && message.test(error.message);

test('without credentials everybody is the anonymous administrator', async () => {
  const { authenticate, required } = createAuthenticator({});
  assert.equal(required, false);
  assert.deepEqual(await authenticate({ peer: 'peer' }), { name: 'anonymous', role: 'admin', via: 'open' });
  assert.deepEqual(await authenticate({ authorization: 'Bearer whatever', peer: 'peer' }), {
    name: 'anonymous',
    role: 'admin',
    via: 'open',
  });
});

test('a server that may not be open asks for credentials without any account: removing the last one made everybody administrator', async () => {
  const { authenticate, authenticatePassword, required } = createAuthenticator({ open: false });
  assert.equal(required, true);
  await assert.rejects(authenticate({ peer: 'peer' }), refused(/no credentials/));
  await assert.rejects(authenticate({ certificate: 'ada', peer: 'peer' }), refused(/no user ada/));
  await assert.rejects(authenticatePassword('admin', '', 'peer'), refused(/wrong/));
});

test('basic credentials are taken padded or not, with colons in the password', async () => {
  const { authenticate } = createAuthenticator({ username: 'ada', password: 'a:b::c?' });
  for (const header of [
    basic('ada:a:b::c?'),
    unpadded('ada:a:b::c?'),
    basic('ada:a:b::c?').replace('Basic', 'basic'),
    // As old ODBC drivers pack their connection string.
    basic('ada};PWD={a:b::c?}:'),
  ]) {
    assert.deepEqual(await authenticate({ authorization: header, peer: 'peer' }), ada);
  }
});

test('wrong, missing and malformed credentials are refused', async () => {
  const { authenticate } = createAuthenticator({ username: 'ada', password: 'secret' });
  let peer = 0;
  for (const header of [
    basic('ada:wrong'),
    basic('ada:secre'),
    basic('ada:secret '),
    basic('ada:secret:'),
    basic('ad:secret'),
    basic('bob:secret'),
    basic('ada'),
    basic(':'),
    'Basic',
    'Bearer',
    'Bearer a.b',
    'Digest x',
    '',
    undefined,
  ]) {
    await assert.rejects(authenticate({ authorization: header, peer: `peer ${++peer}` }), refused(/./));
  }
});

test('a token we gave is good until it expires, and is then refused as expired', async () => {
  const lasting = createAuthenticator({ username: 'ada', password: 'secret' });
  const token = lasting.issueToken(ada);
  assert.deepEqual(identity(await lasting.authenticate({ authorization: `Bearer ${token}`, peer: 'peer' })), ada);
  const brief = createAuthenticator({ username: 'ada', password: 'secret', tokenLifetimeMs: 0 });
  await assert.rejects(
    brief.authenticate({ authorization: `Bearer ${brief.issueToken(ada)}`, peer: 'peer' }),
    refused(/expired at \d{4}-/),
  );
});

test('a token of another server, or one changed, is refused', async () => {
  const one = createAuthenticator({ password: 'secret' });
  const other = createAuthenticator({ password: 'secret' });
  const token = one.issueToken(ada);
  await assert.rejects(other.authenticate({ authorization: `Bearer ${token}`, peer: 'a' }), refused(/not valid/));
  const [payload = '', mac = ''] = token.split('.');
  const forged = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('ada', 'eve')).toString('base64url');
  await assert.rejects(one.authenticate({ authorization: `Bearer ${forged}.${mac}`, peer: 'b' }), refused(/not valid/));
  // Of another length than ours: compared in constant time all the same, where Node would throw.
  for (const [i, other] of ['', mac.slice(0, -4), `${mac}AAAA`, mac.slice(4)].entries())
    await assert.rejects(
      one.authenticate({ authorization: `Bearer ${payload}.${other}`, peer: `length ${i}` }),
      refused(/not valid/),
    );
});

test('servers given one key take each other’s tokens', async () => {
  const one = createAuthenticator({ password: 'secret', tokenKey: 'shared' });
  const other = createAuthenticator({ password: 'secret', tokenKey: 'shared' });
  const token = one.issueToken(ada);
  assert.deepEqual(identity(await other.authenticate({ authorization: `Bearer ${token}`, peer: 'peer' })), ada);
});

test('configured tokens are taken as they are', async () => {
  const { authenticate, required } = createAuthenticator({ tokens: ['first', 'second'] });
  assert.equal(required, true);
  assert.equal((await authenticate({ authorization: 'Bearer second', peer: 'peer' })).role, 'admin');
  await assert.rejects(authenticate({ authorization: 'Bearer third', peer: 'peer' }), refused(/not valid/));
  await assert.rejects(authenticate({ authorization: basic('admin:'), peer: 'peer2' }), refused(/wrong/));
});

test('repeated failures of one peer are slowed, those of another are not', async () => {
  const { authenticate } = createAuthenticator({ password: 'secret' });
  const took = async (peer: string): Promise<number> => {
    const start = performance.now();
    await assert.rejects(authenticate({ authorization: basic('admin:wrong'), peer }), refused(/wrong/));
    return performance.now() - start;
  };
  const times = [];
  for (let i = 0; i < 8; i++) times.push(await took('guesser'));
  assert.ok((times.at(-1) as number) >= 300, `the last took ${times.at(-1)} ms`);
  assert.ok((await took('somebody else')) < 300);
});

test('an administrator may do everything', () => {
  for (const operation of ['query', 'put', 'action'] as const) authorise(ada, { operation, subject: 'x' });
});

test('guesses sent at once are looked at one after the other, and who is known goes on', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    writeAccounts(
      usersFile,
      await addUser({ users: [], tokens: [] }, { name: 'ada', role: 'reader', password: 'long enough' }),
    );
    const { authenticatePassword } = createAuthenticator({ usersFile, username: 'root', password: 'the right one' });
    await authenticatePassword('ada', 'long enough', 'office');
    const guess = (i: number): Promise<unknown> => authenticatePassword('root', `guess ${i}`, 'office');
    for (let i = 0; i < 5; i++) await assert.rejects(guess(i), refused(/wrong/));
    const start = performance.now();
    const burst = Array.from({ length: 8 }, (_, i) => assert.rejects(guess(i), refused(/wrong/)));
    await authenticatePassword('ada', 'long enough', 'office');
    assert.ok(performance.now() - start < 300, 'a known password does not wait');
    await Promise.all(burst);
    assert.ok(performance.now() - start > 700, 'eight guesses took their time');
  }));

test('of a flood of guesses only the first ones wait, the others are refused', async () => {
  const { before, failed } = createSlowDown({ maxQueued: 3 });
  for (let i = 0; i < 4; i++) failed('guesser');
  const answers = await Promise.allSettled(Array.from({ length: 6 }, () => before('guesser')));
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected'],
  );
  await before('somebody else');
  await before('guesser');
});
