import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { commandFile, duckhouse, inTemporaryFolder } from '../workspace.ts';

test('a shell is offered commands, options and the values that an option takes, those of dbt too', () =>
  inTemporaryFolder(async (cwd) => {
    const offered = async (...words: string[]): Promise<string[]> =>
      (await duckhouse(['__complete', ...words], { cwd })).stdout.split('\n').slice(0, -1);
    assert.deepEqual(await offered('in'), ['ingest', 'init']);
    // Options stood where values belong, and subcommands where options do.
    assert.deepEqual(await offered('query', '--format', ''), 'table json ndjson csv parquet arrow md'.split(' '));
    assert.deepEqual(await offered('user', 'add', 'ada', '--role', ''), ['reader', 'writer', 'admin']);
    assert.deepEqual(await offered('token', 'create', 'x', '--ro'), ['--role']);
    assert.deepEqual(await offered('user', ''), ['add', 'passwd', 'list', 'remove']);
    assert.deepEqual(await offered('completion', ''), ['bash', 'zsh', 'fish', 'pwsh']);
    assert.deepEqual(await offered('query', '--help'), []);
    for (const files of [
      ['ingest', ''],
      ['query', '--output', ''],
    ])
      assert.deepEqual(await offered(...files), []);
    assert.deepEqual(await offered('dbt', 'bu'), ['build']);
    assert.deepEqual(await offered('dbt', 'docs', ''), ['generate', 'serve']);
    assert.deepEqual(await offered('dbt', 'run', '--sel'), ['--select', '--selector']);
    assert.deepEqual(await offered('dbt', 'build', '--indirect-selection', 'e'), ['eager', 'empty']);
  }));

test(
  'bash completes with what is offered, and with files where nothing is',
  { skip: process.platform === 'win32' },
  () =>
    inTemporaryFolder(async (cwd) => {
      const command = path.join(cwd, 'duckhouse');
      await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${commandFile}" "$@"\n`, { mode: 0o755 });
      const script = (await duckhouse(['completion', 'bash'], { cwd })).stdout;
      const asked =
        'COMP_WORDS=(duckhouse query --format ""); COMP_CWORD=3; _duckhouse; echo "${COMPREPLY[*]}"; complete -p duckhouse';
      const { stdout } = spawnSync('bash', ['-c', `${script}\n${asked}`], {
        env: { ...process.env, PATH: `${cwd}:${process.env.PATH}` },
        encoding: 'utf8',
      });
      assert.equal(stdout, 'table json ndjson csv parquet arrow md\ncomplete -o default -F _duckhouse duckhouse\n');
    }),
);

for (const [shell, ask] of [
  ['fish', "complete -C 'duckhouse query --format n'"],
  // As a file of $fpath it is run to complete the first time already.
  [
    'zsh',
    'compdef() { print registered; }; words=(duckhouse query --format n); CURRENT=4; compadd() { print $@[2,-1]; }; _duckhouse',
  ],
] as const) {
  const missing = spawnSync(shell, ['-c', 'true']).error !== undefined;
  test(`${shell} completes with what is offered`, { skip: missing ? `no ${shell} here` : false }, () =>
    inTemporaryFolder(async (cwd) => {
      const command = path.join(cwd, 'duckhouse');
      await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${commandFile}" "$@"\n`, { mode: 0o755 });
      const script = (await duckhouse(['completion', shell], { cwd })).stdout;
      const text = shell === 'zsh' ? ask.replace(/_duckhouse$/, `${script}\n_duckhouse`) : `${script}\n${ask}`;
      const { stdout, stderr } = spawnSync(shell, ['-c', text], {
        env: { ...process.env, HOME: cwd, PATH: `${cwd}:${process.env.PATH}` },
        encoding: 'utf8',
      });
      assert.match(stdout, /ndjson/, stderr);
      if (shell === 'zsh') assert.match(stdout, /registered/);
    }),
  );
}
