import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';

/** Small files written beside the run: nobody waits for them until its end. */
export interface FileWriter {
  write(file: string, text: string): void;
  /** Resolves when all are written; rejects with the first failure. */
  done(): Promise<void>;
}

/** Names come from the project: what they make of a path must stay in `root`. */
export function createFileWriter(root: string): FileWriter {
  const folders = new Set<string>();
  const latest = new Map<string, Promise<void>>();
  let failure: unknown;
  return {
    write(file, text) {
      if (!path.resolve(file).startsWith(path.resolve(root) + path.sep))
        throw new DuckhouseError('PermissionDenied', `${file} is not in the target folder ${root}`, {
          context: { path: file },
        });
      const folder = path.dirname(file);
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
      folders.add(folder);
      const before = latest.get(file) ?? Promise.resolve();
      const written = before
        .then(() => writeFile(file, text))
        .catch((error: unknown) => {
          failure ??= error;
        });
      latest.set(file, written);
    },
    async done() {
      await Promise.all(latest.values());
      latest.clear();
      if (failure !== undefined) throw failure;
    },
  };
}
