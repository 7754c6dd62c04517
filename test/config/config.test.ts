import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { type ConfigSources, loadConfig } from '../../src/config/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { inTemporaryFolder } from '../workspace.ts';

const load = (workspace: string, sources: Partial<ConfigSources> = {}) =>
  loadConfig({ workspace, env: {}, ...sources });
const fails = (message: RegExp) => (error: unknown) =>
  isDuckhouseError(error) && error.kind === 'InvalidArgument' && message.test(error.message);

test('a flag wins over the environment, .env, duckhouse.yaml and the default, each with its origin', () =>
  inTemporaryFolder(async (folder) => {
    const port = (sources: Partial<ConfigSources> = {}) => {
      const config = load(folder, sources);
      return [config.flightPort, config.origins.get('flightPort')?.origin];
    };
    assert.deepEqual(port(), [8815, 'default']);
    await writeFile(path.join(folder, 'duckhouse.yaml'), '# comment\nflight:\n  port: 1001\n');
    assert.deepEqual(port(), [1001, 'duckhouse.yaml:3']);
    await writeFile(path.join(folder, '.env'), 'FLIGHT_SERVER_PORT=1002\n');
    assert.deepEqual(port(), [1002, '.env FLIGHT_SERVER_PORT']);
    assert.deepEqual(port({ env: { FLIGHT_SERVER_PORT: '1003' } }), [1003, 'FLIGHT_SERVER_PORT']);
    assert.deepEqual(port({ env: { FLIGHT_SERVER_PORT: '1003', DUCKHOUSE_FLIGHT_PORT: '1004' } }), [
      1004,
      'DUCKHOUSE_FLIGHT_PORT',
    ]);
    assert.deepEqual(port({ env: { DUCKHOUSE_FLIGHT_PORT: '1004' }, flags: { flightPort: '1005' } }), [
      1005,
      '--flight-port',
    ]);
  }));

test('a folder called .env is no settings', () =>
  inTemporaryFolder(async (folder) => {
    await mkdir(path.join(folder, '.env'));
    assert.equal(load(folder).flightPort, 8815);
  }));

test('paths are meant from the workspace, sizes are read, the password comes from its file', () =>
  inTemporaryFolder(async (folder) => {
    await mkdir(path.join(folder, 'secrets'));
    await writeFile(path.join(folder, 'secrets', 'password'), 'a:b c\n');
    const config = load(folder, {
      env: {
        DUCKDB_PATH: 'data/x.duckdb',
        DUCKHOUSE_MEMORY_LIMIT: '1.5GB',
        DUCKHOUSE_MEMORY_WALL: '2GiB',
        DUCKHOUSE_PASSWORD_FILE: 'secrets/password',
      },
    });
    assert.deepEqual(
      [config.database, config.memoryLimit, config.memoryWall, config.password],
      [path.join(folder, 'data/x.duckdb'), 1.5e9, 2 ** 31, 'a:b c'],
    );
    assert.equal(load(folder).database, path.join(folder, '.duckhouse', 'warehouse.duckdb'));
  }));

test('wrong values are named with their place, unknown keys with the nearest', () =>
  inTemporaryFolder(async (folder) => {
    const yaml = (text: string) => writeFile(path.join(folder, 'duckhouse.yaml'), text);
    assert.throws(
      () => load(folder, { env: { DUCKHOUSE_FLIGHT_PORT: 'x' } }),
      fails(/DUCKHOUSE_FLIGHT_PORT: flight.port must be 0..65535, not "x"/),
    );
    assert.throws(
      () => load(folder, { env: { DUCKHOUSE_MEMORY_LIMIT: 'lots' } }),
      fails(/memory.limit must be a size/),
    );
    for (const workers of ['0', '1.5', '-1'])
      assert.throws(() => load(folder, { env: { DUCKHOUSE_WORKERS: workers } }), fails(/workers must be 1, 2, 3/));
    await yaml('flight:\n  prot: 1\n');
    assert.throws(
      () => load(folder),
      (error: unknown) =>
        fails(/duckhouse.yaml:2: unknown setting "flight.prot"/)(error) &&
        isDuckhouseError(error) &&
        (error.context.candidates as string[]).includes('flight.port'),
    );
    await yaml('host: [1, 2]\n');
    assert.throws(() => load(folder), fails(/duckhouse.yaml:1: host must be one value/));
    await yaml('flight:\n  putMode: overwrite\n');
    assert.throws(() => load(folder), fails(/duckhouse.yaml:2: flight.putMode must be create \| append/));
    await yaml('host: "unclosed\n');
    assert.throws(() => load(folder), fails(/duckhouse.yaml/));
    await yaml('host: ${MY_HOST}\n');
    assert.equal(load(folder, { env: { MY_HOST: '::1' } }).host, '::1');
  }));

test('an issuer of tokens without its keys is a mistake: the server was open to everybody', () =>
  inTemporaryFolder(async (folder) => {
    const [keys, issuer] = [{ DUCKHOUSE_JWT_KEYS: 'keys.json' }, { DUCKHOUSE_JWT_ISSUER: 'https://issuer' }];
    assert.throws(() => load(folder, { env: issuer }), fails(/jwtIssuer needs jwtKeys/));
    assert.throws(() => load(folder, { env: { ...keys, ...issuer } }), fails(/jwtKeys needs jwtAudience/));
  }));
