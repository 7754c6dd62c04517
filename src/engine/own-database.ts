import path from 'node:path';
import { DuckhouseError } from '../errors.ts';
import { splitStatements, withoutComments } from './statement-text.ts';

const mayLeave = /\b(?:detach|alter)\b/i;
const leave =
  /^\s*(detach(?:\s+database)?|alter\s+database)\s*(?:\bif\s+exists\s*)?("(?:[^"]|"")+"|[^\s"]+)\s*(?:$|set\b)/i;

/** The name that DuckDB gives the database of a file. */
export const databaseName = (file: string): string =>
  file === ':memory:' ? 'memory' : (path.basename(file).split('.')[0] ?? file);

/**
 * Refuses to take away the database that every connection starts in: no session could do anything until the server starts
 * again, and DuckDB does not always survive it.
 */
export function checkOwnDatabase(sql: string, own: string): void {
  if (!mayLeave.test(sql)) return;
  for (const statement of splitStatements(sql)) {
    const [, command = '', name = ''] = leave.exec(withoutComments(statement)) ?? [];
    const bare = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
    if (bare.toLowerCase() !== own.toLowerCase()) continue;
    throw new DuckhouseError('PermissionDenied', `database ${own} is the server's own: ${command} is not for it`, {
      id: 'own-database',
      context: { name: own, command: command.replace(/\s+/g, ' ').toUpperCase() },
    });
  }
}
