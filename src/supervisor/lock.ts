import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isRunning } from '../config/index.ts';
import { DuckhouseError } from '../errors.ts';

/** Takes the workspace's lock; the result gives it back. Unavailable, with the holder's pid, when a server runs there. */
export function lockWorkspace(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true });
  const file = path.join(stateDir, 'server.lock');
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(file, 'utf8'));
    if (attempt > 0 || (holder > 0 && holder !== process.pid && isRunning(holder))) {
      throw new DuckhouseError('AlreadyExists', `a server runs in this workspace already (pid ${holder})`, {
        id: 'server-running',
        context: { pid: holder },
        hint: 'use it, or stop it first',
      });
    }
    rmSync(file, { force: true }); // left by a server that was killed
  }
}
