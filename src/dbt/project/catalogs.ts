/** `catalogs.yml` of a project: other databases' catalogs, of which DuckDB has none. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { isDict, isText, typeName } from '../plain.ts';
import { readYaml } from './render.ts';

export const catalogsFile = 'catalogs.yml';

/** Refuses a file that names a catalog, or that cannot be read. */
export function checkCatalogs(projectDir: string): void {
  const file = path.join(projectDir, catalogsFile);
  if (!existsSync(file)) return;
  const content = readYaml(readFileSync(file, 'utf8'), file);
  if (content === null || (isDict(content) && Object.keys(content).length === 0)) throw bad(file, 'is empty');
  if (!isDict(content)) throw bad(file, `must hold a dictionary, not a ${typeName(content)}`);
  const { catalogs = [] } = content;
  if (!Array.isArray(catalogs)) throw bad(file, `'catalogs' must be a list, not a ${typeName(catalogs)}`);
  const [first] = catalogs as unknown[];
  if (first === undefined) return;
  if (!isDict(first) || !isText(first.name)) throw bad(file, "entry 1 of 'catalogs' must be a dictionary with a name");
  throw bad(file, `names the catalog '${first.name}', and DuckDB has no catalogs that dbt writes to`);
}

const bad = (file: string, problem: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `${file} ${problem}`, {
    context: { path: file },
    hint: `other databases are attached in profiles.yml; take ${catalogsFile} away`,
  });
