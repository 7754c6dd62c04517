import path from 'node:path';
import { writeWhole } from '../whole-file.ts';
import type { RunSession } from './session.ts';

/** Writes a file of the target folder. */
export function writeArtifact({ targetPath }: Pick<RunSession, 'targetPath'>, name: string, content: unknown): void {
  writeWhole(path.join(targetPath, name), JSON.stringify(content));
}
