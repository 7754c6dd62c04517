import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Small files written beside the run: nobody waits for them until its end. */
export interface FileWriter {
  write(file: string, text: string): void;
  /** Resolves when all are written; rejects with the first failure. */
  done(): Promise<void>;
}

export function createFileWriter(): FileWriter {
  const folders = new Set<string>();
  const latest = new Map<string, Promise<void>>();
  let failure: unknown;
  return {
    write(file, text) {
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
