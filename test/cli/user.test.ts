import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { type CommandResult, duckhouse, inTemporaryFolder, serve } from '../workspace.ts';

const password = 'a long: "password"';

test('users are added, listed, changed and removed; their file is for its owner and holds no password', () =>
  inTemporaryFolder(async (cwd) => {
    const run = (args: readonly string[], input?: string): Promise<CommandResult> =>
      duckhouse(args, { cwd, ...(input === undefined ? {} : { input }) });
    const added = await run(['user', 'add', 'ada', '--role', 'writer'], `${password}\n`);
    assert.deepEqual([added.code, added.stdout, added.stderr], [0, '', 'added user ada (writer)\n']);
    const file = path.join(cwd, '.duckhouse', 'users.json');
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /a long/);
    await run(['user', 'add', 'robot', '--certificate']);
    const listed = JSON.parse((await run(['user', 'list', '--json'])).stdout) as Record<string, unknown>[];
    assert.deepEqual(
      listed.map(({ name, role, password: has }) => [name, role, has]),
      [
        ['ada', 'writer', true],
        ['robot', 'reader', false],
      ],
    );
    assert.deepEqual((await run(['user', 'add', 'ada'], 'x\n')).stderr, 'error: user ada exists already\n');
    const short = await run(['user', 'passwd', 'ada'], 'short\n');
    assert.deepEqual([short.code, short.stderr], [2, 'error: a password has 8 characters or more\n']);
    const empty = await run(['user', 'passwd', 'ada'], '');
    assert.match(empty.stderr, /^error: no password was given\nhint: /);
    assert.equal((await run(['user', 'passwd', 'ada'], 'another password')).code, 0);
    const unknown = await run(['user', 'remove', 'adda']);
    assert.deepEqual([unknown.code, unknown.stderr], [3, 'error: there is no user adda\nhint: did you mean ada?\n']);
    assert.equal((await run(['user', 'remove', 'ada', '--json'])).stdout, '{"name":"ada"}\n');
    assert.match((await run(['user', 'list'])).stdout, /robot +reader +no/);
  }));

test('a token is printed once; it is listed without its text and revoked by its id', () =>
  inTemporaryFolder(async (cwd) => {
    const made = await duckhouse(['token', 'create', 'ci', '--role', 'reader', '--days', '2', '--json'], { cwd });
    const { id, token, expiresAt } = JSON.parse(made.stdout) as Record<string, string>;
    assert.ok(Math.abs(Date.parse(expiresAt as string) - Date.now() - 2 * 86_400_000) < 60_000);
    const list = await duckhouse(['token', 'list'], { cwd, env: { DUCKHOUSE_LANG: 'fr' } });
    assert.match(list.stdout, new RegExp(`id +nom +rôle +expire[\\s\\S]*${id} +ci +reader`));
    const secret = (token as string).split('_').at(-1) as string;
    assert.doesNotMatch(
      list.stdout + readFileSync(path.join(cwd, '.duckhouse', 'users.json'), 'utf8'),
      new RegExp(secret),
    );
    assert.equal((await duckhouse(['token', 'revoke', id as string], { cwd })).stderr, `revoked token ${id}\n`);
    assert.equal((await duckhouse(['token', 'revoke', id as string], { cwd })).code, 3);
    assert.equal((await duckhouse(['token', 'create', 'x', '--days', '0'], { cwd })).code, 2);
  }));

test('a running server knows users from the moment they are added; its owner needs none of them', () =>
  inTemporaryFolder(async (cwd) => {
    const running = await serve(cwd);
    const query = (
      sql: string,
      env: Record<string, string> = {},
      args: readonly string[] = [],
    ): Promise<CommandResult> => duckhouse(['query', sql, '--format', 'csv', ...args], { cwd, env });
    const remote = ['--server', running.flight];
    assert.equal((await query('SELECT 1 AS a', {}, remote)).stdout, 'a\n1\n');
    await duckhouse(['user', 'add', 'ada', '--role', 'reader'], { cwd, input: password });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const stranger = await query('SELECT 1 AS a', {}, remote);
    assert.deepEqual([stranger.code, stranger.stderr.split('\n')[0]], [4, 'error: the server wants credentials']);
    const ada = { DUCKHOUSE_USERNAME: 'ada', DUCKHOUSE_PASSWORD: password };
    assert.equal((await query('SELECT 1 AS a', ada, remote)).stdout, 'a\n1\n');
    const denied = await query('CREATE TABLE t (a INT)', ada, remote);
    assert.deepEqual([denied.code, denied.stderr], [4, 'error: ada (reader) may not use CREATE TABLE\n']);
    assert.equal((await query('CREATE TABLE t (a INT)')).code, 0);
    const { token } = JSON.parse(
      (await duckhouse(['token', 'create', 'ci', '--role', 'writer', '--json'], { cwd })).stdout,
    ) as { token: string };
    await new Promise((resolve) => setTimeout(resolve, 600));
    const inserted = await query('INSERT INTO t VALUES (1)', { DUCKHOUSE_TOKEN: token }, remote);
    assert.equal(inserted.code, 0, inserted.stderr);
    assert.equal(await running.stop(), 0);
  }));

test('a server beyond the loopback address is locked down for administrators too, unless it is trusted', () =>
  inTemporaryFolder(async (cwd) => {
    await mkdir(path.join(cwd, 'ingestion', 'data'), { recursive: true });
    await writeFile(path.join(cwd, 'ingestion', 'data', 'open.csv'), 'a\n1\n');
    await writeFile(path.join(cwd, 'secret.csv'), 'a\n2\n');
    const outcomes = async (args: readonly string[]): Promise<string[]> => {
      const running = await serve(cwd, ['--host', '0.0.0.0', '--insecure', ...args]);
      const address = running.flight.replace('0.0.0.0', '127.0.0.1');
      const results: string[] = [];
      for (const sql of [
        `SELECT * FROM read_csv('${cwd}/secret.csv')`,
        `SELECT * FROM read_csv('${cwd}/ingestion/data/open.csv')`,
        `SELECT * FROM read_text('${cwd}/.duckhouse/server.json')`,
        `COPY (SELECT 1) TO '${cwd}/out.csv'`,
        `ATTACH '${cwd}/out.duckdb' AS o`,
        'SET threads = 1',
        "SET TimeZone = 'Europe/Paris'",
        'CREATE OR REPLACE TABLE t AS SELECT 1 AS a',
      ])
        results.push((await duckhouse(['query', sql, '--server', address], { cwd })).code === 0 ? 'ok' : 'no');
      await running.stop();
      return results;
    };
    assert.deepEqual(await outcomes([]), ['no', 'ok', 'no', 'no', 'no', 'no', 'ok', 'ok']);
    assert.deepEqual(await outcomes(['--trusted']), ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
  }));

test('a server does not start without the key set it is to check tokens with', () =>
  inTemporaryFolder(async (cwd) => {
    const env = { DUCKHOUSE_JWT_KEYS: 'none.json', DUCKHOUSE_JWT_ISSUER: 'i', DUCKHOUSE_JWT_AUDIENCE: 'a' };
    const refused = await duckhouse(['serve', '--flight-port', '0', '--http-port', '0'], { cwd, env });
    assert.deepEqual([refused.code, refused.stdout], [2, '']);
    assert.match(refused.stderr, /error: the key set .*none\.json cannot be read: ENOENT/);
  }));
