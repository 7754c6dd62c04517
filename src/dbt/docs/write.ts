import { cpSync, existsSync, lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DbtProject } from '../project-types.ts';
import { writeWhole } from '../whole-file.ts';
import { checkWithin } from '../within.ts';
import { docsPage } from './page.ts';

/** Writes index.html beside the artifacts, with `isStatic` also static_index.html, which holds them. */
export function writeDocs(targetPath: string, isStatic: boolean): string[] {
  const files = [path.join(targetPath, 'index.html')];
  writeWhole(files[0] as string, docsPage().html);
  if (!isStatic) return files;
  const read = (name: string): string => readFileSync(path.join(targetPath, name), 'utf8');
  const lineage = existsSync(path.join(targetPath, 'column_lineage.json'))
    ? { column_lineage: read('column_lineage.json') }
    : {};
  const whole = path.join(targetPath, 'static_index.html');
  writeWhole(whole, docsPage({ manifest: read('manifest.json'), catalog: read('catalog.json'), ...lineage }).html);
  return [...files, whole];
}

/** Pictures of descriptions lie in the folders of `asset-paths`; the page finds them by the same paths. */
export function copyAssets({ root, assetPaths }: DbtProject, targetPath: string, within: string | undefined): void {
  for (const folder of assetPaths) {
    const [from, to] = [path.resolve(root, folder), path.resolve(targetPath, folder)];
    const isInside = to.startsWith(`${targetPath}${path.sep}`) && from.startsWith(`${path.resolve(root)}${path.sep}`);
    if (!isInside || !existsSync(from)) continue;
    checkWithin(within, to);
    cpSync(from, to, { recursive: true, filter: (file) => !lstatSync(file).isSymbolicLink() });
  }
}
