import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { runServer } from '../flight/running-server.ts';
import { npmPackages, run } from './tool.ts';

const client = npmPackages('@gizmodata/gizmosql-client@1.4.3');
const program = path.resolve(import.meta.dirname, '../../../test/interop/programs/gizmosql-client.mjs');

test('npm: a client written elsewhere queries, changes and looks around', { skip: client.skip }, async () => {
  const auth = { username: 'jane', password: 'se:cret' };
  const running = await runServer({ auth });
  try {
    const { code, stdout, stderr } = await run(process.execPath, [
      ...[program, client.folder, String(running.port)],
      ...[auth.username, auth.password],
    ]);
    assert.equal(code, 0, stderr);
    const { missing, ...seen } = JSON.parse(stdout) as Record<string, unknown>;
    assert.match(String(missing), /nowhere/);
    assert.deepEqual(seen, {
      rows: [
        [1, 'é'],
        [2, null],
      ],
      catalogs: ['memory'],
      schemas: [{ catalog: 'memory', schema: 'main' }],
      tables: [{ catalog: 'memory', schema: 'main', tableName: 'made', tableType: 'TABLE' }],
      types: ['LOCAL TEMPORARY', 'SYSTEM TABLE', 'TABLE', 'VIEW'],
      name: 'DuckHouse',
      infos: 91,
    });
  } finally {
    await running.close();
  }
});
