import { spawnSync } from 'node:child_process';
import { databaseErrorText } from '../adapter/database.ts';
import type { RunSession } from './session.ts';

/** Lines of `debug` on the project, its profile and the connection; false when a check failed. */
export async function debugReport(open: () => Promise<RunSession>, tell: (line: string) => void): Promise<boolean> {
  const git = spawnSync('git', ['--version'], { stdio: 'ignore' }).status === 0;
  tell('Required dependencies:');
  tell(` - git [${git ? 'OK found' : 'ERROR not found'}]`);
  tell('');
  tell('Connection:');
  let session: RunSession | undefined;
  try {
    session = await open();
    const { credentials } = session.database;
    for (const [name, value] of Object.entries({
      database: credentials.database,
      schema: credentials.schema,
      path: credentials.path,
      external_root: credentials.externalRoot,
      threads: credentials.threads,
    }))
      tell(`  ${name}: ${value}`);
    const connection = await session.database.connect('debug');
    await connection.execute('select 1 as id');
    await connection.close();
    tell('  Connection test: [OK connection ok]');
    return git;
  } catch (error) {
    tell('  Connection test: [ERROR]');
    tell(databaseErrorText(error));
    return false;
  } finally {
    await session?.close();
  }
}
