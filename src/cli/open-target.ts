import { existsSync } from 'node:fs';
import { type Config, readServerFile } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { Target } from './target.ts';

/** The server named, else the workspace's running one, else the workspace's database file; `create` allows a new file. */
export async function openTarget(config: Config, { create }: { readonly create: boolean }): Promise<Target> {
  const running = config.server === undefined ? readServerFile(config.stateDir) : undefined;
  const uri = config.server ?? running?.flight;
  if (uri !== undefined) {
    const { openFlightTarget } = await import('./flight-target.ts');
    return openFlightTarget(config, { uri, sharesFiles: running !== undefined });
  }
  if (!create && config.database !== ':memory:' && !existsSync(config.database)) {
    throw new DuckhouseError('NotFound', `no server runs and there is no database ${config.database}`, {
      id: 'database-missing',
      context: { database: config.database },
      hint: 'duckhouse up, or duckhouse ingest FILE',
    });
  }
  const { openLocalTarget } = await import('./local-target.ts');
  return openLocalTarget(config);
}
