/** Builds projects with a python3 of the test's choice. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runDbt } from '../../src/dbt/run-dbt.ts';
import type { Engine } from '../../src/engine/index.ts';
import { newFolder } from './project.ts';

/** A program called python3 that speaks as the driver does. */
export function fakePython(script: string): string {
  const folder = newFolder();
  const file = path.join(folder, 'python3');
  writeFileSync(file, `#!${process.execPath}\n${script}`);
  chmodSync(file, 0o755);
  return folder;
}

/** `dbt build` with what is on this PATH. */
export async function buildWith(
  pathOfPrograms: string,
  project: string,
  { signal, engine }: { readonly signal?: AbortSignal; readonly engine?: Engine } = {},
): Promise<{ readonly code: number; readonly told: string }> {
  const before = process.env.PATH;
  process.env.PATH = pathOfPrograms;
  let told = '';
  try {
    const code = await runDbt(
      ['build', '--profiles-dir', '.'],
      {
        env: { TZ: 'UTC' },
        cwd: project,
        write: (text) => (told += text),
        ...(signal && { signal }),
        ...(engine && { engine }),
      },
      {
        version: () => Promise.resolve('0'),
        summary: () => '',
        usage: '',
        error: ({ message }) => ({ message, hint: undefined }),
      },
    );
    return { code, told };
  } finally {
    process.env.PATH = before;
  }
}
