import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createLogger } from '../../src/log.ts';
import { createMonitor, type Monitor, type Readiness } from '../../src/monitor/index.ts';

interface Probe {
  readonly monitor: Monitor;
  readonly base: string;
  readonly logged: string[];
  readonly state: { readiness: Readiness; broken: boolean };
}

async function withMonitor(work: (probe: Probe) => Promise<void>): Promise<void> {
  const logged: string[] = [];
  const state: Probe['state'] = { readiness: { ready: true }, broken: false };
  const monitor = createMonitor({
    readiness: async () => state.readiness,
    version: () => ({ version: '1.2.3' }),
    metrics() {
      if (state.broken) throw new Error('no metrics today');
      return '# HELP a b\n# TYPE a counter\na 1\n';
    },
    log: createLogger({ write: (line) => logged.push(line) }),
  });
  const port = await monitor.listen('127.0.0.1', 0);
  await work({ monitor, base: `http://127.0.0.1:${port}`, logged, state }).finally(() => monitor.close());
}

test('the four paths answer, with a query string too, and HEAD says no more than the headers', () =>
  withMonitor(async ({ base, state }) => {
    assert.deepEqual(await (await fetch(`${base}/livez`)).json(), { live: true });
    assert.deepEqual(await (await fetch(`${base}/version?x=1`)).json(), { version: '1.2.3' });
    const metrics = await fetch(`${base}/metrics`);
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(await metrics.text(), /^# HELP a b\n/);
    const ready = await fetch(`${base}/readyz`);
    assert.deepEqual([ready.status, ready.headers.get('cache-control')], [200, 'no-store']);
    state.readiness = { ready: false, reason: 'draining' };
    const unready = await fetch(`${base}/readyz`);
    assert.deepEqual([unready.status, await unready.json()], [503, { ready: false, reason: 'draining' }]);
    const head = await fetch(`${base}/livez`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '14', '']);
  }));

test('other paths are 404, names of an object among them; other methods are 405 and say which are allowed', () =>
  withMonitor(async ({ base }) => {
    for (const path of ['/', '/constructor', '/__proto__', '/livez/', '//livez'])
      assert.equal((await fetch(`${base}${path}`)).status, 404, path);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await fetch(`${base}/livez`, { method });
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'], method);
    }
  }));

test('a probe that breaks is answered with 500 and logged, and the next one is answered', () =>
  withMonitor(async ({ base, state, logged }) => {
    state.broken = true;
    const broken = await fetch(`${base}/metrics`);
    assert.deepEqual([broken.status, await broken.json()], [500, { error: 'internal error' }]);
    assert.match(logged.join(''), /no metrics today/);
    assert.equal((await fetch(`${base}/livez`)).status, 200);
  }));

test('nonsense, oversized headers and connections handed over are dealt with, and close ends those still open', () =>
  withMonitor(async ({ monitor, base }) => {
    const acceptor = net.createServer({ pauseOnConnect: true }, (socket) => {
      monitor.acceptConnection(socket);
      socket.resume();
    });
    await once(acceptor.listen(0, '127.0.0.1'), 'listening');
    const handed = `http://127.0.0.1:${(acceptor.address() as AddressInfo).port}`;
    assert.deepEqual(await (await fetch(`${handed}/livez`)).json(), { live: true });
    const port = Number(new URL(base).port);
    assert.match(await exchange(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^HTTP\/1\.1 400/);
    assert.match(
      await exchange(port, `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431/,
    );
    const idle = net.connect(port, '127.0.0.1');
    await once(idle, 'connect');
    idle.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(idle, 'data');
    const closed = once(idle, 'close');
    idle.on('error', () => undefined); // reset or ended, both are right
    await monitor.close();
    await closed;
    acceptor.close();
  }));

async function exchange(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}
