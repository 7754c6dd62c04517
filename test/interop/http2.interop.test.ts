import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { encodeHeaders } from '../../src/flight/http2/header-encoder.ts';
import type { ServerStream } from '../../src/flight/http2/stream.ts';
import { startEchoServer } from '../flight/http2-server.ts';
import { goProgram } from './tool.ts';

const h2spec = goProgram('github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible');

/** A text to each request, a moment after it: some of the tests count open streams. */
function greet(stream: ServerStream): void {
  const answer = (): void => {
    stream.respond(encodeHeaders({ ':status': 200, 'content-type': 'text/plain' }));
    stream.write(Buffer.from('good morning'), () => undefined);
    stream.end({ 'x-last': 'yes' });
  };
  stream.listen({ data: () => undefined, end: () => void setTimeout(answer, 50) });
}

test('h2spec finds nothing against the RFCs', { skip: h2spec.skip }, async () => {
  const server = await startEchoServer(greet);
  const child = spawn(h2spec.path, ['-h', '127.0.0.1', '-p', String(server.port), '-o', '2'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  await server.close();
  const [summary] = /\d+ tests, .*/.exec(output) ?? [];
  assert.equal(summary, '145 tests, 145 passed, 0 skipped, 0 failed', output.slice(output.indexOf('Failures:')));
});
