import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { createAuthenticator, type JwtOptions } from '../../src/access/index.ts';
import { DuckhouseError } from '../../src/errors.ts';
import { inTemporaryFolder } from '../workspace.ts';

const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
} as const;
type Alg = keyof typeof pairs;
const jwk = (alg: Alg, kid: string = alg): object => ({
  ...pairs[alg].publicKey.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});
const keySet = JSON.stringify({ keys: [jwk('RS256'), jwk('ES256'), jwk('EdDSA')] });
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(alg: Alg, claims: object, { header = {}, key = pairs[alg].privateKey as KeyObject } = {}): string {
  const signed = `${part({ alg, kid: alg, typ: 'JWT', ...header })}.${part(claims)}`;
  const hash = alg === 'EdDSA' ? null : 'sha256';
  return `${signed}.${sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const good = (more: object = {}): object => ({
  iss: 'https://issuer',
  aud: 'duckhouse',
  sub: 'ada',
  role: 'writer',
  exp: seconds() + 60,
  ...more,
});
const refused = (message: RegExp) => (error: unknown) =>
  error instanceof DuckhouseError && error.kind === 'Unauthenticated' && message.test(error.message);

async function withKeys(
  work: (
    authenticate: (text: string) => ReturnType<ReturnType<typeof createAuthenticator>['authenticate']>,
  ) => Promise<void>,
  options: Partial<JwtOptions> = {},
  keys = keySet,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const jwks = path.join(folder, 'keys.json');
    writeFileSync(jwks, keys);
    const { authenticate } = createAuthenticator({
      jwt: { jwks, issuer: 'https://issuer', audience: 'duckhouse', ...options },
    });
    let peer = 0;
    await work((text) => authenticate({ authorization: `Bearer ${text}`, peer: String(peer++) }));
  });
}

test('tokens signed with RS256, ES256 and EdDSA are taken, with name and role', () =>
  withKeys(async (authenticate) => {
    for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
      const { name, role, via, validUntil } = await authenticate(token(alg, good()));
      assert.deepEqual([name, role, via], ['ada', 'writer', 'jwt']);
      assert.ok((validUntil as number) > Date.now());
    }
    assert.equal((await authenticate(token('ES256', good({ aud: ['x', 'duckhouse'] })))).name, 'ada');
    assert.equal((await authenticate(token('ES256', good({ role: ['reader', 'admin'] })))).role, 'admin');
  }));

test('issuer, audience, times, name and role are looked at, clocks may differ a little', () =>
  withKeys(async (authenticate) => {
    const wrong: readonly (readonly [object, RegExp])[] = [
      [good({ iss: 'https://other' }), /issuer is "https:\/\/other"/],
      [good({ iss: undefined }), /issuer/],
      [good({ aud: 'other' }), /not for duckhouse/],
      [good({ aud: undefined }), /not for duckhouse/],
      [good({ exp: undefined }), /does not expire/],
      [good({ exp: 'soon' }), /does not expire/],
      [good({ exp: seconds() - 61 }), /expired at/],
      [good({ nbf: seconds() + 90 }), /not good yet/],
      [good({ sub: undefined }), /no sub/],
      [good({ role: undefined }), /names no role/],
      [good({ role: 'king' }), /names no role/],
    ];
    for (const [claims, message] of wrong) await assert.rejects(authenticate(token('ES256', claims)), refused(message));
    await authenticate(token('ES256', good({ exp: seconds() - 30, nbf: seconds() + 30 })));
  }));

test('no other signature is taken: none, a shared secret, another key, another algorithm, a changed token', () =>
  withKeys(async (authenticate) => {
    const body = part(good());
    const rsaPem = pairs.RS256.publicKey.export({ type: 'spki', format: 'pem' });
    const shared = `${part({ alg: 'HS256', kid: 'RS256' })}.${body}`;
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const [head, , signature] = token('ES256', good()).split('.');
    const wrong = [
      `${part({ alg: 'none' })}.${body}.`,
      `${part({ alg: 'None' })}.${body}.x`,
      `${shared}.${createHmac('sha256', rsaPem).update(shared).digest('base64url')}`,
      token('ES256', good(), { key: stranger }),
      token('ES256', good(), { header: { kid: 'nobody' } }),
      token('ES256', good(), { header: { kid: 'RS256' } }),
      token('ES256', good(), { header: { crit: ['x'] } }),
      `${head}.${part(good({ role: 'admin' }))}.${signature}`,
      `${head}.${body}.`,
      'eyJhbGciOiJFUzI1NiJ9.e30.AA',
      'eyJ.x.y',
    ];
    for (const text of wrong) await assert.rejects(authenticate(text), refused(/not valid/), text);
  }));

test('claims may have other names, and a role of last resort', () =>
  withKeys(
    async (authenticate) => {
      const seen = await authenticate(
        token('RS256', good({ role: undefined, email: 'ada@example.org', realm: { roles: ['writer', 'other'] } })),
      );
      assert.deepEqual([seen.name, seen.role], ['ada@example.org', 'writer']);
      assert.equal((await authenticate(token('RS256', good({ role: undefined, email: 'b@c' })))).role, 'reader');
    },
    { nameClaim: 'email', roleClaim: 'realm.roles', defaultRole: 'reader' },
  ));

test('keys come from an address, again when a new one signs, and its failure is no login', async (context) => {
  let keys = JSON.stringify({ keys: [jwk('ES256')] });
  let asked = 0;
  const issuer = createServer((_, response) => {
    asked++;
    response.statusCode = keys === '' ? 500 : 200;
    response.end(keys);
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const jwks = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys`;
  const make = () => createAuthenticator({ jwt: { jwks, issuer: 'https://issuer', audience: 'duckhouse' } });
  const login = (text: string, { authenticate } = make()) =>
    authenticate({ authorization: `Bearer ${text}`, peer: 'a' });
  try {
    const kept = make();
    for (let i = 0; i < 3; i++) await login(token('ES256', good()), kept);
    assert.equal(asked, 1);
    await assert.rejects(login(token('EdDSA', good()), kept), refused(/not by a key/));
    keys = keySet;
    await login(token('EdDSA', good()));
    keys = '';
    const [before, time] = [asked, Date.now()];
    const later = (ms: number) => context.mock.timers.enable({ apis: ['Date'], now: time + ms });
    later(1_200_000);
    const old = good({ exp: seconds() + 9000 });
    // An issuer that was down locked everybody out, and was asked by each call.
    for (let i = 0; i < 3; i++) await login(token('ES256', old), kept);
    assert.equal(asked, before + 1);
    context.mock.timers.reset();
    later(4_000_000);
    for (let i = 0; i < 2; i++)
      await assert.rejects(
        login(token('ES256', old), kept),
        (error) => (error as DuckhouseError).kind === 'Unavailable',
      );
    assert.equal(asked, before + 2);
    context.mock.timers.reset();
    await assert.rejects(login(token('EdDSA', good())), (error) => (error as DuckhouseError).kind === 'Unavailable');
  } finally {
    issuer.close();
  }
});

test('a key set may hold what is no key; that was an internal error', () =>
  withKeys(
    async (authenticate) => {
      assert.equal((await authenticate(token('RS256', good()))).name, 'ada');
      await assert.rejects(authenticate(token('RS256', good(), { header: { kid: 'other' } })), refused(/not by a key/));
    },
    {},
    JSON.stringify({ keys: [null, 5, { kty: 'oct', k: 'AAAA', kid: 'RS256' }, jwk('RS256')] }),
  ));
