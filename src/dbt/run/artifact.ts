import path from 'node:path';
import { jsonText } from '../../jinja/index.ts';
import { writeWhole } from '../whole-file.ts';
import type { RunSession } from './session.ts';

/** Writes a file of the target folder. */
export function writeArtifact({ targetPath }: Pick<RunSession, 'targetPath'>, name: string, content: unknown): void {
  writeWhole(path.join(targetPath, name), jsonText(content));
}
