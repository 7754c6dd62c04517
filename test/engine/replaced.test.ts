import assert from 'node:assert/strict';
import { cp, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeSchema } from '../../src/arrow/index.ts';
import type * as EngineRoom from '../../src/engine/index.ts';
import { inTemporaryFolder } from '../workspace.ts';
import { query } from './engine-rows.ts';

test('no thread is started with the code of another version', () =>
  inTemporaryFolder(async (folder) => {
    const install = (version: string) =>
      writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
    await cp(fileURLToPath(new URL('../../src', import.meta.url)), path.join(folder, 'src'), { recursive: true });
    await symlink(path.resolve('node_modules'), path.join(folder, 'node_modules'));
    await install('1.0.0');
    const room = pathToFileURL(path.join(folder, 'src/engine/index.js')).href;
    const { openEngine } = (await import(room)) as typeof EngineRoom;
    const engine = await openEngine({ database: ':memory:' });
    await engine.execute('CREATE TABLE t AS SELECT 1 AS a');
    await install('2.0.0');
    const connection = await engine.connect();
    const schema = encodeSchema({ fields: [] });
    const load = connection.load({ schema, statement: async () => '' });
    await assert.rejects(load, { id: 'package-replaced', kind: 'Unavailable' });
    const many = Array.from({ length: 8 }, () => query(engine, 'SELECT sum(range) AS s FROM range(3000000)'));
    assert.equal((await Promise.all(many)).length, 8);
    await connection.close();
    await engine.close();
  }));
