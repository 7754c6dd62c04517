import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { isDuckhouseError } from '../../src/errors.ts';
import { eventually, inTemporaryFolder } from '../workspace.ts';
import { echo, livesOf, portOf, supervise, visit } from './supervised.ts';

const serverFile = (folder: string): { readonly serverPid: number } =>
  JSON.parse(readFileSync(path.join(folder, '.duckhouse', 'server.json'), 'utf8')) as { serverPid: number };
const stateFiles = (folder: string): string[] => readdirSync(path.join(folder, '.duckhouse'));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('connections of both ports reach the server process, which learns which port it was', () =>
  inTemporaryFolder(async (folder) => {
    const { supervisor, lives } = await supervise(folder, [{}]);
    const [flight, http] = await Promise.all([visit(supervisor.flight), visit(supervisor.http)]);
    assert.deepEqual([flight.greeting, http.greeting], [`flight ${lives()[0]}`, `http ${lives()[0]}`]);
    assert.equal(await echo(flight, 'across'), 'across');
    flight.socket.destroy();
    http.socket.destroy();
    supervisor.stop();
    assert.equal(await supervisor.done, 0);
    assert.deepEqual(stateFiles(folder), []);
  }));

test('connections made while no process is ready wait for the next one', () =>
  inTemporaryFolder(async (folder) => {
    const { supervisor, lives, reasons } = await supervise(folder, [{}, { startMs: 600 }]);
    const first = serverFile(folder).serverPid;
    process.kill(first, 'SIGKILL');
    await eventually('the second process', () => lives().length === 2);
    const visits = await Promise.all(Array.from({ length: 20 }, () => visit(supervisor.flight)));
    assert.deepEqual([...new Set(visits.map(({ greeting }) => greeting))], [`flight ${lives()[1]}`]);
    assert.deepEqual([reasons, serverFile(folder).serverPid], [['SIGKILL'], lives()[1]]);
    for (const { socket } of visits) socket.destroy();
    supervisor.stop();
    await supervisor.done;
  }));

test('no connection is lost between a process that is killed and the next one', () =>
  inTemporaryFolder(async (folder) => {
    const { supervisor, lives } = await supervise(folder, [{}]);
    for (let round = 0; round < 5; round++) {
      const { serverPid } = serverFile(folder);
      const early = Array.from({ length: 40 }, () => visit(supervisor.flight));
      if (round % 2 === 1) await pause(round);
      process.kill(serverPid, 'SIGKILL');
      const late = Array.from({ length: 40 }, () => visit(supervisor.flight));
      const visits = await Promise.all([...early, ...late]);
      // One taken by the killed process may end without a word; none stays open without an answer.
      const answered = visits.filter(({ greeting }) => greeting !== undefined);
      assert.ok(answered.length >= 40, `${answered.length} answered`);
      for (const { socket } of visits) socket.destroy();
      await eventually('the next process', () => serverFile(folder).serverPid !== serverPid);
    }
    assert.ok(lives().length >= 6);
    supervisor.stop();
    await supervisor.done;
  }));

test('a process that never gets ready is given up after five starts, with everything released', () =>
  inTemporaryFolder(async (folder) => {
    const flightPort = await freePort();
    await assert.rejects(
      supervise(folder, [{ crash: true }], { flightPort }),
      (error: unknown) => isDuckhouseError(error) && error.id === 'server-failed' && /exit code 7/.test(error.message),
    );
    assert.equal(livesOf(folder).length, 5);
    assert.deepEqual(stateFiles(folder), []);
    await listenOnce(flightPort);
  }));

test('a process that says why it cannot start is not started again', () =>
  inTemporaryFolder(async (folder) => {
    await assert.rejects(
      supervise(folder, [{ refuse: 'the file is broken' }]),
      (error: unknown) =>
        isDuckhouseError(error) &&
        error.kind === 'DataInvalid' &&
        error.message === 'the file is broken' &&
        error.hint === 'repair it',
    );
    assert.equal(livesOf(folder).length, 1);
  }));

test('a process that cannot start again ends the supervisor with an error, not with silence', () =>
  inTemporaryFolder(async (folder) => {
    const { supervisor } = await supervise(folder, [{ dieMs: 50 }, { refuse: 'the disk is gone' }]);
    const waiting = visit(supervisor.flight);
    await assert.rejects(supervisor.done, /the disk is gone/);
    assert.equal(livesOf(folder).length, 6);
    assert.deepEqual(stateFiles(folder), []);
    (await waiting).socket.destroy();
  }));

test('the first stop lets connections finish, the second ends at once', () =>
  inTemporaryFolder(async (folder) => {
    const patient = await supervise(folder, [{}]);
    const open = await visit(patient.supervisor.flight);
    patient.supervisor.stop();
    await eventually(
      'new connections to be refused',
      async () => (await visit(patient.supervisor.flight)).greeting === 'unavailable',
    );
    assert.equal(await echo(open, 'still here'), 'still here');
    open.socket.end();
    assert.equal(await patient.supervisor.done, 0);

    const hurried = await supervise(folder, [{}], { drainSeconds: 600 });
    const stuck = await visit(hurried.supervisor.flight);
    const startedAt = Date.now();
    hurried.supervisor.stop();
    hurried.supervisor.stop();
    assert.equal(await hurried.supervisor.done, 0);
    assert.ok(Date.now() - startedAt < 5000);
    stuck.socket.destroy();
  }));

test('a stop between two lives is the end', () =>
  inTemporaryFolder(async (folder) => {
    const { supervisor, lives } = await supervise(folder, [{ dieMs: 10 }, { startMs: 60_000 }]);
    await eventually('the second process', () => lives().length === 2);
    supervisor.stop();
    assert.equal(await supervisor.done, 0);
  }));

test('a start that is given up leaves nothing running', () =>
  inTemporaryFolder(async (folder) => {
    const controller = new AbortController();
    const starting = supervise(folder, [{ startMs: 60_000 }], { signal: controller.signal });
    // The file is there a moment before what is in it.
    await eventually('the process', () => existsSync(path.join(folder, 'lives')) && livesOf(folder)[0] !== 0);
    controller.abort();
    await assert.rejects(starting, (error: unknown) => isDuckhouseError(error) && error.kind === 'Cancelled');
    const [pid] = livesOf(folder) as [number];
    await eventually('the process to end', () => !isAlive(pid));
    assert.deepEqual(stateFiles(folder), []);
  }));

test('the lock of a running server is named, one left by a dead or another process is taken over', () =>
  inTemporaryFolder(async (folder) => {
    const stateDir = path.join(folder, '.duckhouse');
    mkdirSync(stateDir);
    for (const left of [
      '999999999 \n',
      '',
      'nonsense',
      ...(process.platform === 'linux' ? [`${process.ppid} another-boot/1\n`] : []),
    ]) {
      writeFileSync(path.join(stateDir, 'server.lock'), left);
      const { supervisor } = await supervise(folder, [{}]);
      await assert.rejects(
        supervise(folder, [{}]),
        (error: unknown) =>
          isDuckhouseError(error) && error.id === 'server-running' && error.context.pid === process.pid,
      );
      supervisor.stop();
      await supervisor.done;
      assert.deepEqual(stateFiles(folder), [], JSON.stringify(left));
    }
  }));

test('a state folder that cannot be written is named; one that fills up later does not end the server', () =>
  inTemporaryFolder(async (folder) => {
    const stateDir = path.join(folder, '.duckhouse');
    writeFileSync(stateDir, 'a file');
    await assert.rejects(
      supervise(folder, [{}]),
      (error: unknown) =>
        isDuckhouseError(error) && error.kind === 'PermissionDenied' && error.context.folder === stateDir,
    );
    rmSync(stateDir);
    const { supervisor, lives } = await supervise(folder, [{}]);
    mkdirSync(path.join(stateDir, `server.json.${process.pid}`)); // where the next version is written first
    process.kill(serverFile(folder).serverPid, 'SIGKILL');
    await eventually('the second process', () => lives().length === 2);
    const { socket, greeting } = await visit(supervisor.flight);
    assert.equal(greeting, `flight ${lives()[1]}`);
    socket.destroy();
    supervisor.stop();
    assert.equal(await supervisor.done, 0);
  }));

test('a taken port is an error that says whose it is, and nothing is started', () =>
  inTemporaryFolder(async (folder) => {
    const holder = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as net.AddressInfo;
    const pid = process.platform === 'linux' ? process.pid : undefined;
    await assert.rejects(
      supervise(folder, [{}], { httpPort: port }),
      (error: unknown) =>
        isDuckhouseError(error) &&
        error.kind === 'Unavailable' &&
        error.context.port === port &&
        error.context.pid === pid,
    );
    holder.close();
    assert.equal(existsSync(path.join(folder, 'lives')), false);
    assert.deepEqual(stateFiles(folder), []);
  }));

test('a process above the memory wall is ended and started again', () =>
  inTemporaryFolder(async (folder) => {
    const { supervisor, reasons } = await supervise(folder, [{}], { memoryWall: 1e6 });
    await eventually('the memory wall', () => reasons.includes('memory wall'), 15_000);
    supervisor.stop();
    await supervisor.done;
  }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // no such process
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listenOnce(port: number): Promise<void> {
  const server = net.createServer().listen(port, '127.0.0.1');
  await new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  assert.equal(portOf(`tcp://127.0.0.1:${port}`), port);
  await new Promise((resolve) => server.close(resolve));
}
