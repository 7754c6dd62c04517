import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { connectFlight } from '../../src/flight/index.ts';
import { endWithFolder, eventually, inTemporaryFolder, plainUser } from '../workspace.ts';
import { readStages, root, valuesOf } from './dockerfile.ts';

const stages = readStages();
const image = stages.at(-1) ?? [];
const argv = (name: string): string[] => JSON.parse(valuesOf(image, name)[0] as string) as string[];

test('the image is built in stages from files that are there and let through, and runs as nobody special', () => {
  assert.equal(stages.length, 2);
  const ignore = readFileSync(path.join(root, '.dockerignore'), 'utf8').trim().split('\n');
  assert.equal(ignore[0], '*');
  for (const value of valuesOf(stages[0] ?? [], 'COPY')) {
    for (const source of value.split(' ').slice(0, -1)) {
      assert.ok(existsSync(path.join(root, source)), source);
      assert.ok(ignore.includes(`!${source.replace(/\/$/, '')}`), `.dockerignore keeps ${source} out`);
    }
  }
  assert.ok(stages.every((stage) => /^node:\d+\.\d+\.\d+-\w+-slim/.test(valuesOf(stage, 'FROM')[0] ?? '')));
  assert.match(valuesOf(image, 'USER')[0] ?? '', /^[1-9]\d+:[1-9]\d+$/);
  const [, probe] = /CMD (.*)$/.exec(valuesOf(image, 'HEALTHCHECK')[0] ?? '') ?? [];
  assert.deepEqual(JSON.parse(probe ?? ''), [...argv('ENTRYPOINT'), 'health']);
});

/** Lays the image's files out under `folder`, as its COPY lines say, with the packages of this installation. */
function layOut(folder: string): void {
  for (const value of valuesOf(image, 'COPY')) {
    const [, source, target] = /^--from=build \/build\/(\S+?)\/? (\S+?)\/?$/.exec(value) as RegExpExecArray;
    const to = path.join(folder, target as string);
    mkdirSync(path.dirname(to), { recursive: true });
    if (source === 'node_modules') symlinkSync(path.join(root, 'node_modules'), to);
    else cpSync(path.join(root, source as string), to, { recursive: true });
  }
}

const environment = (): Record<string, string> =>
  Object.fromEntries(
    valuesOf(image, 'ENV')
      .join(' ')
      .trim()
      .split(/\s+/)
      .map((pair) => pair.split('=') as [string, string]),
  );

interface Started {
  readonly texts: { stdout: string; stderr: string };
  readonly exit: Promise<unknown[]>;
  kill(): void;
}

/** Runs the image's command natively: its environment, its user where we may change it, the workspace as folder. */
function run(folder: string, workspace: string, command: readonly string[], env: Record<string, string>): Started {
  const inside = (text: string): string => text.replace(/^\/opt\//, `${folder}/opt/`);
  const [program, ...args] = [...argv('ENTRYPOINT'), ...command].map(inside) as [string, ...string[]];
  const [uid, gid] = (valuesOf(image, 'USER')[0] as string).split(':').map(Number) as [number, number];
  const child = spawn(program, args, {
    cwd: workspace,
    env: { PATH: process.env.PATH, ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(plainUser() === undefined ? {} : { uid, gid }),
  });
  endWithFolder(folder, child);
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    });
  return { texts, exit: once(child, 'close'), kill: () => void child.kill('SIGTERM') };
}

const ports = { DUCKHOUSE_FLIGHT_PORT: '0', DUCKHOUSE_HTTP_PORT: '0' };

test("the image's command runs as its user, is healthy, answers with the password, and stops on SIGTERM", () =>
  inTemporaryFolder(async (folder) => {
    layOut(folder);
    const workspace = path.join(folder, 'workspace');
    mkdirSync(workspace);
    chmodSync(folder, 0o755);
    chmodSync(workspace, 0o777);
    const refused = run(folder, workspace, argv('CMD'), ports);
    assert.deepEqual(await refused.exit, [2, null], refused.texts.stderr);
    assert.match(refused.texts.stderr, /needs a password and TLS/);
    const server = run(folder, workspace, argv('CMD'), {
      ...ports,
      DUCKHOUSE_PASSWORD: 'secret',
      DUCKHOUSE_INSECURE: 'true',
    });
    await eventually('the ready line', () => server.texts.stdout.includes('\n'));
    const flight = /flight=(\S+)/.exec(server.texts.stdout)?.[1] as string;
    const health = run(folder, workspace, ['health'], {});
    assert.deepEqual(await health.exit, [0, null], health.texts.stderr);
    const client = connectFlight({
      uri: flight.replace('0.0.0.0', '127.0.0.1'),
      username: 'admin',
      password: 'secret',
    });
    assert.equal((await client.listActions()).length > 5, true);
    client.close();
    server.kill();
    assert.deepEqual(await server.exit, [0, null], server.texts.stderr);
  }));

interface Service {
  readonly profiles?: readonly string[];
  readonly image?: string;
  readonly ports: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

test('compose publishes on the loopback, asks for a password, and has a store in a profile', () => {
  const { services } = parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8')) as {
    services: Readonly<Record<string, Service>>;
  };
  assert.deepEqual(
    Object.entries(services).map(([name, { profiles }]) => [name, profiles]),
    [
      ['duckhouse', undefined],
      ['s3', ['s3']],
      ['minio', ['minio']],
    ],
  );
  for (const [name, service] of Object.entries(services)) {
    assert.ok(
      service.ports.every((port) => /^(127\.0\.0\.1|\$\{DUCKHOUSE_PUBLISH:-127\.0\.0\.1\}):/.test(port)),
      name,
    );
    for (const [variable, value] of Object.entries(service.environment))
      if (/PASSWORD|SECRET/.test(variable)) assert.match(value, /^\$\{\w+(:-|:\?[^}]+)\}$/, variable);
  }
  assert.match(services.duckhouse?.environment.DUCKHOUSE_PASSWORD ?? '', /:\?/);
  assert.match(services.minio?.image ?? '', /^\$\{MINIO_IMAGE/);
});

test('every variable of the compose files is in .env.example', () => {
  const known = readFileSync(path.join(root, '.env.example'), 'utf8');
  for (const file of ['docker-compose.yml', 'docker-compose.tls.yml'])
    for (const [, name] of readFileSync(path.join(root, file), 'utf8').matchAll(/\$\{(\w+)/g))
      assert.match(known, new RegExp(`^(# )?${name}=`, 'm'), name);
});
