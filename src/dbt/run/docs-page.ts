import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Dict } from '../manifest-types.ts';
import type { RunSession } from './session.ts';

/** Placeholder until the page lands. */
export function docsPage(session: RunSession, _catalog: Dict, _standalone: boolean): void {
  writeFileSync(path.join(session.targetPath, 'index.html'), '');
}
