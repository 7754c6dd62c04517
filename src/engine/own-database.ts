import path from 'node:path';
import { DuckhouseError } from '../errors.ts';

const leave =
  /(?:^|;)\s*(detach(?:\s+database)?|alter\s+database)\s+(?:if\s+exists\s+)?("(?:[^"]|"")+"|[^\s;"]+)(?=\s*(?:;|$)|\s+set\b)/gi;

/** The name that DuckDB gives the database of a file. */
export const databaseName = (file: string): string =>
  file === ':memory:' ? 'memory' : (path.basename(file).split('.')[0] ?? file);

/**
 * Refuses to take away the database that every connection starts in: no session could do anything until the server starts
 * again, and DuckDB does not always survive it.
 */
export function checkOwnDatabase(sql: string, own: string): void {
  for (const [, command = '', name = ''] of sql.matchAll(leave)) {
    const bare = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
    if (bare.toLowerCase() !== own.toLowerCase()) continue;
    throw new DuckhouseError('PermissionDenied', `database ${own} is the server's own: ${command} is not for it`, {
      id: 'own-database',
      context: { name: own, command: command.toUpperCase() },
    });
  }
}
