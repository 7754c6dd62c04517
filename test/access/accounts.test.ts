import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  type Accounts,
  addUser,
  changePassword,
  createApiToken,
  createAuthenticator,
  ownerToken,
  readAccounts,
  removeUser,
  revokeApiToken,
  updateAccounts,
  writeAccounts,
} from '../../src/access/index.ts';
import { DuckhouseError } from '../../src/errors.ts';
import { inTemporaryFolder } from '../workspace.ts';

const none: Accounts = { users: [], tokens: [] };
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const refused = (message: RegExp) => (error: unknown) =>
  error instanceof DuckhouseError && error.kind === 'Unauthenticated' && message.test(error.message);
const watched = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 550));

test('users of the file get in with their role; passwords have colons and accents in any form', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    writeAccounts(usersFile, await addUser(none, { name: 'ada', role: 'writer', password: 'p:é:secret' }));
    const { authenticate, authenticatePassword, required } = createAuthenticator({ usersFile });
    assert.equal(required, true);
    const ada = { name: 'ada', role: 'writer', via: 'password', account: 'user' };
    assert.deepEqual(await authenticate({ authorization: basic('ada:p:é:secret'), peer: 'a' }), ada);
    assert.deepEqual(await authenticate({ authorization: basic('ada:p:e\u0301:secret'), peer: 'a' }), ada);
    assert.deepEqual(await authenticatePassword('ada', 'p:é:secret', 'a'), ada);
    for (const wrong of ['ada:p', 'ada:', 'eve:p:é:secret', ':p:é:secret'])
      await assert.rejects(authenticate({ authorization: basic(wrong), peer: wrong }), refused(/wrong user name/));
  }));

test('the file is read again when it changes: a removed user and a changed password void tokens given before', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    const save = async (accounts: Accounts): Promise<void> => {
      writeAccounts(usersFile, accounts);
      await watched();
    };
    const { authenticate, authenticatePassword, issueToken } = createAuthenticator({ usersFile });
    assert.equal((await authenticate({ peer: 'a' })).via, 'open');
    let accounts = await addUser(none, { name: 'ada', role: 'reader', password: 'first password' });
    accounts = await addUser(accounts, { name: 'bob', role: 'writer', password: 'bob his password' });
    await save(accounts);
    await assert.rejects(authenticate({ peer: 'a' }), refused(/no credentials/));
    const tokens = {
      ada: `Bearer ${issueToken(await authenticatePassword('ada', 'first password', 'a'), { session: 's1' })}`,
      bob: `Bearer ${issueToken(await authenticatePassword('bob', 'bob his password', 'a'))}`,
    };
    const seen = await authenticate({ authorization: tokens.ada, peer: 'a' });
    assert.deepEqual([seen.name, seen.role, seen.session], ['ada', 'reader', 's1']);
    accounts = {
      ...accounts,
      users: accounts.users.map((user) => (user.name === 'bob' ? { ...user, role: 'reader' } : user)),
    };
    await save(await changePassword(accounts, 'ada', 'second password'));
    assert.equal((await authenticate({ authorization: tokens.bob, peer: 'a' })).role, 'reader');
    await assert.rejects(authenticate({ authorization: tokens.ada, peer: 'b' }), refused(/not valid any more/));
    await assert.rejects(authenticatePassword('ada', 'first password', 'c'), refused(/wrong/));
    await authenticatePassword('ada', 'second password', 'c');
    await save(removeUser(accounts, 'bob'));
    await assert.rejects(authenticate({ authorization: tokens.bob, peer: 'd' }), refused(/not valid any more/));
  }));

test('static tokens are taken until they expire or are revoked, and what was given out for them with them', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    const lasting = createApiToken({ name: 'ci', role: 'writer' });
    const brief = createApiToken({ name: 'brief', role: 'reader', days: 1e-6 });
    const accounts = brief.addTo(lasting.addTo(none));
    writeAccounts(usersFile, accounts);
    const { authenticate, issueToken } = createAuthenticator({ usersFile });
    const ci = await authenticate({ authorization: `Bearer ${lasting.text}`, peer: 'a' });
    assert.deepEqual([ci.name, ci.role, ci.via, ci.account], ['ci', 'writer', 'token', lasting.token.id]);
    const given = `Bearer ${issueToken(ci)}`;
    assert.equal((await authenticate({ authorization: given, peer: 'a' })).role, 'writer');
    await watched();
    await assert.rejects(authenticate({ authorization: `Bearer ${brief.text}`, peer: 'b' }), refused(/expired at/));
    writeAccounts(usersFile, revokeApiToken(accounts, lasting.token.id));
    await watched();
    for (const authorization of [given, `Bearer ${lasting.text}`])
      await assert.rejects(authenticate({ authorization, peer: authorization }), refused(/not valid/));
  }));

test('changes made at once are all kept, and a lock that was left behind is taken over', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    const change = (i: number): Promise<void> =>
      updateAccounts(usersFile, createApiToken({ name: `token ${i}`, role: 'reader' }).addTo);
    await Promise.all(Array.from({ length: 20 }, (_, i) => change(i)));
    assert.equal(readAccounts(usersFile).tokens.length, 20);
    writeFileSync(`${usersFile}.lock`, '1');
    utimesSync(`${usersFile}.lock`, new Date(0), new Date(0));
    await change(20);
    assert.equal(readAccounts(usersFile).tokens.length, 21);
    await assert.rejects(
      updateAccounts(usersFile, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.ok(!existsSync(`${usersFile}.lock`));
  }));

test('a damaged users file lets nobody in and says what is wrong', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    for (const [text, message] of [
      ['{"users": [', /damaged/],
      ['{"users": [{"name": "ada", "role": "king"}]}', /"ada" has role "king"/],
    ] as const) {
      writeFileSync(usersFile, text);
      assert.throws(() => readAccounts(usersFile), message);
      await assert.rejects(createAuthenticator({ usersFile }).authenticate({ peer: 'a' }), message);
    }
  }));

test('keys in a file outlive the process, follow each other, and let the owner in', () =>
  inTemporaryFolder(async (folder) => {
    const tokenKeyFile = path.join(folder, 'keys.json');
    const first = createAuthenticator({ password: 'long enough', tokenKeyFile });
    const ada = await first.authenticatePassword('admin', 'long enough', 'a');
    const token = `Bearer ${first.issueToken(ada)}`;
    if (process.platform !== 'win32') assert.equal(statSync(tokenKeyFile).mode & 0o777, 0o600);
    const second = createAuthenticator({ password: 'long enough', tokenKeyFile });
    assert.equal((await second.authenticate({ authorization: token, peer: 'a' })).name, 'admin');
    const keys = JSON.parse(readFileSync(tokenKeyFile, 'utf8')) as { createdAt: number }[];
    writeFileSync(
      tokenKeyFile,
      JSON.stringify(keys.map((key) => ({ ...key, createdAt: key.createdAt - 7.5 * 86_400_000 }))),
    );
    const third = createAuthenticator({ password: 'long enough', tokenKeyFile });
    const fresh = `Bearer ${third.issueToken(ada)}`;
    assert.equal((JSON.parse(readFileSync(tokenKeyFile, 'utf8')) as unknown[]).length, 2);
    for (const authorization of [token, fresh]) await third.authenticate({ authorization, peer: 'a' });
    await second.authenticate({ authorization: fresh, peer: 'a' });
    const owner = await third.authenticate({ authorization: `Bearer ${ownerToken(tokenKeyFile)}`, peer: 'a' });
    assert.deepEqual([owner.name, owner.role, owner.via], ['owner', 'admin', 'owner']);
    const fixed = createAuthenticator({ password: 'long enough', tokenKey: 'shared by servers', tokenKeyFile });
    await fixed.authenticate({ authorization: `Bearer ${ownerToken(tokenKeyFile)}`, peer: 'a' });
    const elsewhere = path.join(folder, 'other', 'keys.json');
    await assert.rejects(
      third.authenticate({ authorization: `Bearer ${ownerToken(elsewhere)}`, peer: 'b' }),
      refused(/not valid/),
    );
    assert.ok(existsSync(elsewhere));
  }));

test('where keys cannot be kept tokens are given all the same, and the owner has none', () =>
  inTemporaryFolder(async (folder) => {
    const tokenKeyFile = path.join(folder, 'file', 'keys.json');
    writeFileSync(path.join(folder, 'file'), 'no folder');
    const { authenticate, authenticatePassword, issueToken } = createAuthenticator({
      password: 'long enough',
      tokenKeyFile,
    });
    const token = issueToken(await authenticatePassword('admin', 'long enough', 'a'));
    assert.equal((await authenticate({ authorization: `Bearer ${token}`, peer: 'a' })).name, 'admin');
    assert.throws(() => ownerToken(tokenKeyFile));
  }));

test('a token of ours is renewed when half its time is over, others and new ones are not', async () => {
  const { authenticate, authenticatePassword, issueToken, renewToken } = createAuthenticator({
    password: 'long enough',
    tokenLifetimeMs: 400,
  });
  const proven = await authenticatePassword('admin', 'long enough', 'a');
  assert.equal(renewToken(proven), undefined);
  const authorization = `Bearer ${issueToken(proven, { session: 's' })}`;
  assert.equal(renewToken(await authenticate({ authorization, peer: 'a' })), undefined);
  await new Promise((resolve) => setTimeout(resolve, 250));
  const renewed = renewToken(await authenticate({ authorization, peer: 'a' })) as string;
  await new Promise((resolve) => setTimeout(resolve, 200));
  await assert.rejects(authenticate({ authorization, peer: 'a' }), refused(/expired/));
  assert.equal((await authenticate({ authorization: `Bearer ${renewed}`, peer: 'a' })).session, 's');
});

test('a certificate is a user of the file, or has the role of all certificates; a header goes before it', () =>
  inTemporaryFolder(async (folder) => {
    const usersFile = path.join(folder, 'users.json');
    let accounts = await addUser(none, { name: 'robot', role: 'writer' });
    accounts = await addUser(accounts, { name: 'ada', role: 'admin', password: 'ada her password' });
    writeAccounts(usersFile, accounts);
    const strict = createAuthenticator({ usersFile });
    const robot = await strict.authenticate({ certificate: 'robot', peer: 'a' });
    assert.deepEqual([robot.role, robot.via, robot.account], ['writer', 'certificate', 'user']);
    await assert.rejects(strict.authenticate({ certificate: 'stranger', peer: 'b' }), refused(/no user stranger/));
    await assert.rejects(strict.authenticatePassword('robot', '', 'c'), refused(/wrong/));
    const authorization = basic('ada:ada her password');
    assert.equal((await strict.authenticate({ certificate: 'robot', authorization, peer: 'd' })).name, 'ada');
    const open = createAuthenticator({ usersFile, certificateRole: 'reader' });
    assert.equal((await open.authenticate({ certificate: 'stranger', peer: 'e' })).role, 'reader');
  }));
