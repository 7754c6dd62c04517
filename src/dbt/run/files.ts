import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';

/** Small files written beside the run. */
export interface FileWriter {
  /** Written at once: a thread for so little takes more than the writing. */
  write(file: string, text: string): void;
  /** Throws the first failure. */
  done(): void;
}

/** Names come from the project: what they make of a path must stay in `root`. */
export function createFileWriter(root: string): FileWriter {
  const within = path.resolve(root) + path.sep;
  const folders = new Set<string>();
  const failures: unknown[] = [];
  return {
    write(file, text) {
      if (!path.resolve(file).startsWith(within))
        throw new DuckhouseError('PermissionDenied', `${file} is not in the target folder ${root}`, {
          context: { path: file },
        });
      try {
        const folder = path.dirname(file);
        if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
        folders.add(folder);
        writeFileSync(file, text);
      } catch (error) {
        failures.push(error);
      }
    },
    done() {
      if (failures.length > 0) throw failures[0];
    },
  };
}
