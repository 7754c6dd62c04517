import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { toCommandError } from '../../src/cli/command-error.ts';
import { duckhouse, inTemporaryFolder, permissionsCount, plainUser, serve } from '../workspace.ts';

test('a wrong use of the command is told with what is right, in both languages, and ends with 2', () =>
  inTemporaryFolder(async (cwd) => {
    const wrong: readonly (readonly [readonly string[], RegExp, RegExp])[] = [
      [
        ['qury'],
        /there is no command "qury"\nhint: did you mean query\?/,
        /la commande « qury » n'existe pas\nconseil/,
      ],
      [['ingest'], /the argument <files> is missing/, /l'argument <files> manque/],
      [['serve', '--nope'], /there is no option --nope/, /l'option --nope n'existe pas/],
      [
        ['serve', '--host'],
        /the option --host <address> needs a value/,
        /l'option --host <address> demande une valeur/,
      ],
      [['query', '--format', 'xml', 'x'], /--format <format> takes table, json, .*, not "xml"/, /, pas « xml »/],
      [
        ['query', '--limit', '-1', 'x'],
        /--limit takes a number from 0 on, not "-1"/,
        /--limit veut un nombre à partir de 0, pas « -1 »/,
      ],
      [['ls', 'a', 'b'], /2 arguments given, 0 taken/, /2 arguments donnés, 0 attendus/],
    ];
    for (const [args, english, french] of wrong) {
      const said = await duckhouse(args, { cwd });
      assert.deepEqual([said.code, said.stdout], [2, ''], args.join(' '));
      assert.match(said.stderr, english);
      assert.match((await duckhouse(args, { cwd, env: { DUCKHOUSE_LANG: 'fr' } })).stderr, french);
    }
    const help = await duckhouse(['ingest', '--help'], { cwd, env: { DUCKHOUSE_LANG: 'fr' } });
    assert.deepEqual([help.code, help.stderr], [0, '']);
    assert.match(help.stdout, /^Usage : duckhouse ingest .*\n[\s\S]*Options :\n[\s\S]*afficher l'aide\n/);
  }));

test('what is missing or there already is said in French too, hints as well', () =>
  inTemporaryFolder(async (cwd) => {
    await writeFile(path.join(cwd, 'notes.md'), 'x');
    const said: readonly (readonly [readonly string[], RegExp])[] = [
      [['ingest', 'notes.md'], /^erreur : format de .*notes\.md inconnu\nconseil : terminaisons connues : \.csv /],
      [['health'], /^erreur : pas prêt : aucun serveur ne tourne/],
      [['query', 'SELECT $a'], /conseil : --param a=VALEUR/],
      [['query', 'SELECT 1::FOO'], /^erreur : le type FOO n'existe pas/],
      [['query', 'SELECT nosuch(1)'], /^erreur : la fonction nosuch n'existe pas/],
      [['query', 'CREATE VIEW v AS SELECT 1; CREATE VIEW v AS SELECT 2'], /^erreur : la vue v existe déjà/],
    ];
    const env = { DUCKHOUSE_LANG: 'fr', DUCKHOUSE_DATABASE: ':memory:' };
    for (const [args, expected] of said) assert.match((await duckhouse(args, { cwd, env })).stderr, expected);
  }));

test('files that cannot be written or read are named, with the exit code of what is wrong', () =>
  inTemporaryFolder(async (cwd) => {
    const env = { DUCKHOUSE_DATABASE: ':memory:' };
    const run = async (...args: string[]) => {
      const { code, stderr } = await duckhouse(args, { cwd, env });
      return [code, stderr];
    };
    await mkdir(path.join(cwd, 'folder'));
    assert.deepEqual(await run('query', 'SELECT 1', '-o', 'no/such/x.csv'), [3, 'error: there is no no/such/x.csv\n']);
    assert.deepEqual(await run('query', 'SELECT 1', '-o', 'folder'), [2, 'error: folder is a folder, not a file\n']);
    assert.deepEqual(await run('query', '-f', 'folder'), [2, 'error: folder is a folder, not a file\n']);
  }));

test(
  'a workspace without permission is refused as such by every command that writes',
  { skip: !permissionsCount() },
  () =>
    inTemporaryFolder(async (cwd) => {
      await writeFile(path.join(cwd, 'a.csv'), 'a\n1\n');
      await chmod(cwd, 0o555);
      const uid = plainUser();
      const ports = ['--flight-port', '0', '--http-port', '0'];
      for (const args of [
        ['ingest', 'a.csv'],
        ['serve', ...ports],
        ['up', '--exit', ...ports],
        ['init', 'new'],
      ]) {
        const { code, stderr } = await duckhouse(args, { cwd, uid });
        assert.equal(code, 4, `${args[0]}: ${stderr}`);
        assert.match(stderr, /error: no permission for .*(\.duckhouse|new)\n/);
      }
      assert.match((await duckhouse(['doctor', ...ports], { cwd, uid })).stdout, /✗ no permission for /);
      // A state folder that somebody else made.
      await chmod(cwd, 0o777);
      assert.equal(
        (await duckhouse(['ingest', 'a.csv'], { cwd, ...(uid === undefined ? {} : { uid: 65533 }) })).code,
        0,
      );
      await chmod(path.join(cwd, '.duckhouse'), 0o555);
      await chmod(path.join(cwd, '.duckhouse', 'warehouse.duckdb'), 0o444);
      const other = await duckhouse(['ingest', 'a.csv', '--again'], { cwd, uid });
      assert.deepEqual([other.code, /[Pp]ermission/.test(other.stderr)], [4, true], other.stderr);
      await chmod(path.join(cwd, '.duckhouse'), 0o777);
    }),
);

test('a workspace that is made is told as JSON too', () =>
  inTemporaryFolder(async (cwd) => {
    const { stdout, stderr } = await duckhouse(['init', 'new', '--json'], { cwd });
    const { workspace, files } = JSON.parse(stdout) as { readonly workspace: string; readonly files: string[] };
    assert.deepEqual([path.basename(workspace), files.includes('duckhouse.yaml'), stderr], ['new', true, '']);
    const again = await duckhouse(['init', 'new', '--json'], { cwd });
    assert.deepEqual([again.code, JSON.parse(again.stdout).error.kind], [2, 'InvalidArgument']);
    const days = await duckhouse(['token', 'create', 'x', '--days', 'soon'], { cwd });
    assert.deepEqual([days.code, /must be > 0, not "soon"/.test(days.stderr)], [2, true], days.stderr);
  }));

test('a full disk is said to be one, with the file that has no room', { skip: !existsSync('/dev/full') }, () =>
  inTemporaryFolder(async (cwd) => {
    const env = { DUCKHOUSE_DATABASE: ':memory:' };
    const file = await duckhouse(['query', 'SELECT 1', '-o', '/dev/full'], { cwd, env });
    assert.deepEqual([file.code, file.stderr], [1, 'error: no space left for /dev/full\n']);
    const error = toCommandError(
      Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
    );
    assert.deepEqual([error.kind, error.id], ['ResourceExhausted', 'no-space']);
  }),
);

test('code that another version took away while the command ran is called so', async () => {
  const gone = new URL('../../src/cli/gone.js', import.meta.url).href;
  const error = toCommandError(await import(gone).catch((failure: unknown) => failure));
  assert.deepEqual([error.kind, error.id], ['Unavailable', 'package-replaced']);
  const other: string = 'no-such-package';
  const foreign = await import(other).catch((failure: unknown) => failure);
  assert.equal(toCommandError(foreign).kind, 'Internal');
});

test('doctor tells a server of another version, and sizes in the language of its reader', () =>
  inTemporaryFolder(async (cwd) => {
    const server = await serve(cwd);
    const file = path.join(cwd, '.duckhouse', 'server.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/"version": "[^"]*"/, '"version": "0.0.1"'));
    const { code, stdout } = await duckhouse(['doctor'], { cwd, env: { DUCKHOUSE_LANG: 'fr' } });
    assert.equal(code, 0);
    assert.match(stdout, /! le serveur à grpc:\S+ est de la version 0\.0\.1, cette commande de la version \d/);
    assert.match(stdout, /\d Go de mémoire/);
    await server.stop();
  }));
