import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { type SettingName, settingNames, settingOf } from '../../src/config/settings.ts';
import { createTranslator } from '../../src/messages/index.ts';
import { cell, checkPart } from '../documents.ts';

const sink = new PassThrough();
const program = createProgram({
  effects: { stdin: sink, stdout: sink, stderr: sink, signal: new AbortController().signal },
  env: { DUCKHOUSE_LANG: 'en' },
  onContext: () => undefined,
  onExit: () => undefined,
});

function lines(command: Command, names: readonly string[]): string[] {
  const visible = command.commands.filter((one) => !one.name().startsWith('__') && one.name() !== 'help');
  if (visible.length > 0) return visible.flatMap((one) => lines(one, [...names, one.name()]));
  const takes = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [
    `### duckhouse ${[...names, ...takes].join(' ')}`,
    '',
    `${command.description()}`,
    '',
    '| option | |',
    '|---|---|',
    ...command.options.map(({ flags, description }) => `| ${cell(flags)} | ${description.replaceAll('|', '\\|')} |`),
    '',
  ];
}

test('docs/command-line.md has every command and option', () => {
  checkPart('docs/command-line.md', 'commands', lines(program, []).slice(0, -1));
});

/** Of settings that are no option and so have no help. */
const meanings: Partial<Record<SettingName, string>> = {
  maxMessageBytes: 'bytes of one gRPC message at most',
  maxHeaderBytes: "bytes of a call's headers at most",
  preserveOrder: 'rows keep the order they came in; without it loads and large results are faster',
  queryTimeoutSeconds: 'a statement ends after this',
  maxRows: 'a result of more rows than this is an error',
  password: 'of the one user there is without accounts',
  token: 'a bearer token that is let in, and that commands send',
  lang: 'en or fr',
  csvPath: 'file or folder that `duckhouse up` loads instead of `ingestion/data`',
  flightTableName: 'table of a load of one file, without `--table`',
  s3Endpoint: 'kept for S3 support; nothing reads it yet',
  awsAccessKeyId: 'kept for S3 support; nothing reads it yet',
  awsSecretAccessKey: 'kept for S3 support; nothing reads it yet',
  groupCommit: 'single INSERTs of several clients share a write to the disk',
  maxSessions: 'sessions of clients at once',
  sessionIdleSeconds: 'a session that does nothing ends after this',
  maxStatements: 'statements open at once in one session',
  maxRunning: 'statements that run at once; more wait their turn',
  icebergWarehouse: 'kept for Iceberg support; nothing reads it yet',
  icebergNamespace: 'kept for Iceberg support; nothing reads it yet',
  icebergCatalog: 'kept for Iceberg support; nothing reads it yet',
  dbtProfilesDir: 'folder of the dbt profiles',
};

test('docs/configuration.md has every setting', () => {
  const { t } = createTranslator('en');
  const rows = settingNames.map((name) => {
    const { yaml, env, flag, fallback, help, choices } = settingOf(name);
    const elsewhere = yaml.startsWith('access.') ? '[security.md](security.md)' : '';
    const what = help === undefined ? (meanings[name] ?? choices?.join(', ') ?? elsewhere) : t(help);
    return `| ${cell(yaml)} | ${env.map(cell).join(' ')} | ${cell(flag?.split(' ')[0] ?? '')} | ${cell(fallback ?? '')} | ${what} |`;
  });
  checkPart('docs/configuration.md', 'settings', [
    '| duckhouse.yaml | environment, .env | option | default | |',
    '|---|---|---|---|---|',
    ...rows,
  ]);
});
