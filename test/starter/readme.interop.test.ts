import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { pythonWith } from '../interop/python.ts';
import { inTemporaryFolder, serve } from '../workspace.ts';
import { examplesOf } from './readme.ts';

const python = await pythonWith('pyarrow==26.0.1');

test("the README's Python example works as it stands", { skip: python.skip }, () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    const script = examplesOf('README.md').python.replace('grpc://127.0.0.1:8815', server.flight);
    assert.ok(script.includes(server.flight));
    const { status, stdout, stderr } = spawnSync(python.program('python'), ['-X', 'utf8', '-c', script], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /^\{"rows":2,"table":"warehouse\.main\.cities","loadId":"[^"]+","repeated":false\}\n\[\{'city': 'Orléans'\}, \{'city': 'New York'\}\]\n$/,
    );
    assert.equal(await server.stop(), 0);
  }),
);
