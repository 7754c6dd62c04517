import { spawnSync } from 'node:child_process';
import { readCredentials } from '../adapter/credentials.ts';
import { databaseErrorText, openDatabase } from '../adapter/database.ts';
import type { ParsedProject } from '../project-types.ts';
import type { CommandInput } from './command.ts';

type Tell = (line: string) => void;

/** Whether git, which packages need, is there. */
export function checkGit(tell: Tell): boolean {
  const isThere = spawnSync('git', ['--version'], { stdio: 'ignore' }).status === 0;
  tell('Required dependencies:');
  tell(` - git [${isThere ? 'OK found' : 'ERROR not found'}]`);
  tell('');
  return isThere;
}

export interface ConnectionCheck extends Pick<ParsedProject, 'profile' | 'project'>, Pick<CommandInput, 'signal'> {
  readonly engine: CommandInput['engine'];
}

/** Tells what the profile connects to and tries it. */
export async function checkConnection({ profile, project, engine, signal }: ConnectionCheck, tell: Tell) {
  tell('Connection:');
  try {
    const place = { folder: project.root, name: `${profile.name}.${profile.targetName}` };
    const credentials = readCredentials(profile.credentials, place);
    for (const [name, value] of Object.entries({
      database: credentials.database,
      schema: credentials.schema,
      path: credentials.path,
      external_root: credentials.externalRoot,
      threads: profile.threads,
    }))
      tell(`  ${name}: ${value}`);
    const events = { onQuery() {}, onQueryDone() {} };
    const database = await openDatabase({ credentials, events, signal, ...(engine === undefined ? {} : { engine }) });
    try {
      const connection = await database.connect('debug');
      await connection.execute('select 1 as id');
      await connection.close();
    } finally {
      await database.close();
    }
    tell('  Connection test: [OK connection ok]');
    return true;
  } catch (error) {
    tell('  Connection test: [ERROR]');
    tell(databaseErrorText(error));
    return false;
  }
}
