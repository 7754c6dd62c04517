import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeBlocks } from '../documents.ts';
import { commandFile } from '../workspace.ts';

const starter = path.resolve(import.meta.dirname, '../../../examples/starter');

/** The examples of a README: shell lines and Python. */
export function examplesOf(name: string): { readonly shell: readonly string[]; readonly python: string } {
  const shell = codeBlocks(name, 'sh').filter((block) => block.includes('npx duckhouse'));
  const [python = ''] = codeBlocks(name, 'python');
  return { shell, python };
}

/** A folder where the examples can be run: the starter, and `npx` that means this build. Gives the PATH. */
export function prepare(folder: string): string {
  cpSync(starter, path.join(folder, 'examples', 'starter'), {
    recursive: true,
    filter: (source) => !/\.duckhouse|dbt_project.(target|logs)/.test(source),
  });
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'npx'), `#!/bin/sh\nshift\nexec "${process.execPath}" "${commandFile}" "$@"\n`);
  chmodSync(path.join(bin, 'npx'), 0o755);
  return `${bin}${path.delimiter}${process.env.PATH}`;
}
