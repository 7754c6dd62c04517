import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { test } from 'node:test';
import { createMutator } from './http2-fuzz.ts';
import { startEchoServer } from './http2-server.ts';

test('100,000 mutated connections: the server answers in time all along, and nothing of them is left', async () => {
  const server = await startEchoServer();
  const mutate = createMutator(7541);
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  for (let round = 0; round < 1000; round++) {
    await Promise.all(Array.from({ length: 100 }, () => mutate(server.port)));
    const started = performance.now();
    await new Promise<void>((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': '/' });
      stream.on('error', reject).on('close', resolve).resume().end('still there');
    });
    assert.ok(performance.now() - started < 5000);
  }
  assert.ok(server.connections() <= 101);
  session.destroy();
  await server.close();
});
