/** Projects of tests: written into folders of their own, parsed, and removed. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { parseProject } from '../../src/dbt/parse/parse-project.ts';
import type { ParsedProject, ParseFlags, ParseWarning } from '../../src/dbt/project-types.ts';

const root = path.resolve(import.meta.dirname, '../../..');
export const kitchenSink = path.join(root, 'test', 'fixtures', 'dbt', 'kitchen-sink');

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-dbt-'));
  folders.push(folder);
  return folder;
}

export type Files = Readonly<Record<string, string>>;

export function writeFiles(folder: string, files: Files): string {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

export const baseFiles: Files = {
  'dbt_project.yml': 'name: shop\nversion: 1.0.0\nprofile: shop\n',
  'profiles.yml':
    'shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 2}\n',
};

/** A list of the packages that are installed: dbt takes no others. */
function listOf(files: Files): Files {
  const names = new Set(Object.keys(files).flatMap((file) => /^dbt_packages\/([^/]+)\//.exec(file)?.[1] ?? []));
  const entries = [...names].map((name) => `{local: dbt_packages/${name}}`);
  return names.size === 0 ? {} : { 'packages.yml': `packages: [${entries.join(', ')}]\n` };
}

export const newProject = (files: Files): string =>
  writeFiles(newFolder(), { ...baseFiles, ...listOf(files), ...files });

export function copyKitchenSink(): string {
  const folder = newFolder();
  cpSync(path.join(kitchenSink, 'project'), folder, { recursive: true });
  return folder;
}

export interface Parsed extends ParsedProject {
  readonly told: readonly ParseWarning[];
}

export function parse(folder: string, flags: Partial<ParseFlags> = {}): Parsed {
  const told: ParseWarning[] = [];
  const parsed = parseProject(
    { projectDir: folder, env: {}, flags: {}, ...flags },
    { warn: (warning) => told.push(warning) },
  );
  return { ...parsed, told };
}

/** What parsing the files fails with. */
export function parseError(files: Files, flags: Partial<ParseFlags> = {}): Error {
  try {
    parse(newProject(files), flags);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it parsed');
}
