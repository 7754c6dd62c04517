import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunSession } from './session.ts';

/** Writes a file of the target folder; a reader never sees half of one. */
export function writeArtifact({ targetPath }: Pick<RunSession, 'targetPath'>, name: string, content: unknown): void {
  mkdirSync(targetPath, { recursive: true });
  const file = path.join(targetPath, name);
  writeFileSync(`${file}.new`, JSON.stringify(content));
  renameSync(`${file}.new`, file);
}
