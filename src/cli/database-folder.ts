import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';

/**
 * Makes the folder of the database file where the workspace or its settings say it is. One that was typed has to be there:
 * a mistake would make another database, empty, in another place.
 */
export function prepareDatabaseFolder({ database, stateDir, origins }: Config): void {
  const folder = path.dirname(database);
  if (database === ':memory:' || existsSync(folder)) return;
  if (origins.get('database')?.origin === '--database' && folder !== stateDir)
    throw new DuckhouseError('NotFound', `there is no folder ${folder} for the database`, {
      id: 'database-folder-missing',
      context: { folder },
      hint: `make it first: mkdir -p ${folder}`,
    });
  mkdirSync(folder, { recursive: true });
}
