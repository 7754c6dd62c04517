/** The macros that come with the engine: read from their files, or from the one that the build made of all of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtInFolder, builtInProject } from '../project/load.ts';
import { findPackageFiles } from './files.ts';
import { type MacroText, macroTexts } from './macros.ts';

export interface BuiltInFile {
  readonly packageName: string;
  readonly original: string;
  readonly macros: readonly MacroText[];
}

export const macroBlocks: ReadonlySet<string> = new Set(['macro', 'materialization', 'test', 'data_test']);
const joined = fileURLToPath(new URL('../macros/built-in.json', import.meta.url));

export function builtInMacros(): readonly BuiltInFile[] {
  try {
    return JSON.parse(readFileSync(joined, 'utf8')) as BuiltInFile[];
  } catch {
    return readBuiltInMacros(); // not built for speed
  }
}

/** Files of built-in macros are known by the paths they have in dbt's own packages. */
export function readBuiltInMacros(): BuiltInFile[] {
  return ['dbt', 'dbt_duckdb'].flatMap((name) => {
    const folder = path.dirname(builtInFolder(name));
    return findPackageFiles({ ...builtInProject(name), root: folder, macroPaths: [name] }).macros.map((file) => {
      const original = file.relative.startsWith('tests/') ? file.relative : `macros/${file.relative}`;
      const macros = macroTexts({ ...file, folder: 'macros', original }, { allowed: macroBlocks });
      return { packageName: name, original, macros };
    });
  });
}
