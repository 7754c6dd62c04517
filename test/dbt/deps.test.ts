import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { privateUrl } from '../../src/dbt/deps/private.ts';
import { unpackTarball } from '../../src/dbt/deps/tar.ts';
import { runDbt } from '../../src/dbt/run-dbt.ts';
import { newestOf, satisfies } from '../../src/dbt/semver.ts';
import { type Files, newFolder, newProject, parse, writeFiles } from './project.ts';
import { type DbtRun, dbt } from './replay.ts';

/** A tar archive of text files, as `tar` writes it. */
function tarball(files: Files): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const body = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('0', 156);
    header.write('ustar\0', 257);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const library = (name: string, version: string): Files => ({
  'dbt_project.yml': `name: ${name}\nversion: ${version}\n`,
  [`macros/${name}.sql`]: `{% macro version() %}${version}{% endmacro %}`,
});
const inFolder = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

let hub: Server;
let base = '';

const documents = (): Record<string, unknown> => {
  const version = (name: string, number: string, packages: unknown[] = []) => [
    number,
    { name, packages, downloads: { tarball: `${base}tar/${name}-${number}.tar.gz` } },
  ];
  return {
    index: ['acme/lib', 'acme/util'],
    'acme/lib': {
      name: 'lib',
      versions: Object.fromEntries([
        version('lib', '1.0.0'),
        version('lib', '1.2.0', [{ package: 'acme/util', version: ['>=0.1.0', '<0.3.0'] }]),
        version('lib', '2.0.0-b1'),
      ]),
    },
    'acme/util': {
      name: 'util',
      versions: Object.fromEntries(['0.1.0', '0.2.0', '0.3.0'].map((one) => version('util', one))),
    },
  };
};

before(async () => {
  hub = createServer((request, response) => {
    const url = request.url ?? '';
    const document = /^\/api\/v1\/(.*)\.json$/.exec(url)?.[1];
    const archive = /^\/tar\/(\w+)-(.*)\.tar\.gz$/.exec(url);
    if (document !== undefined && document in documents()) response.end(JSON.stringify(documents()[document]));
    else if (archive !== null)
      response.end(tarball(inFolder(`${archive[1]}-top`, library(archive[1] as string, archive[2] as string))));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`;
});
after(() => hub.close());

async function deps(folder: string, ...words: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const parts: string[] = [];
  const code = await runDbt(
    ['deps', ...words],
    { env: { DBT_PACKAGE_HUB_URL: base }, cwd: folder, write: (part) => void parts.push(part) },
    {
      version: async () => '',
      usage: '',
      summary: () => '',
      error: ({ message, context }) => ({ message, hint: String(context.candidates ?? '') }),
    },
  );
  return { code, text: parts.join('') };
}

const versionOf = (folder: string, name: string): string | undefined =>
  parse(folder).projects.get(name)?.version ?? undefined;

test('a hub package comes at the newest version its range allows, with what it needs; the lock keeps it', async () => {
  const folder = newProject({
    'packages.yml': `packages:\n  - package: acme/lib\n    version: [">=1.0.0", "<2.0.0"]\n`,
  });
  const first = await deps(folder);
  assert.equal(first.code, 0, first.text);
  assert.deepEqual([versionOf(folder, 'lib'), versionOf(folder, 'util')], ['1.2.0', '0.2.0']);
  const lock = path.join(folder, 'package-lock.yml');
  assert.match(
    readFileSync(lock, 'utf8'),
    /- name: lib\n {4}package: acme\/lib\n {4}version: 1\.2\.0\n[\s\S]*sha1_hash: [0-9a-f]{40}\n/,
  );
  writeFileSync(lock, readFileSync(lock, 'utf8').replace('1.2.0', '1.0.0'));
  assert.equal((await deps(folder)).code, 0);
  assert.equal(versionOf(folder, 'lib'), '1.0.0');
  assert.equal((await deps(folder, '--upgrade')).code, 0);
  assert.equal(versionOf(folder, 'lib'), '1.2.0');
});

test('the hash of the list is the one that other implementations write', async () => {
  const parent = newFolder();
  writeFiles(parent, library('above', '1.0.0'));
  const folder = path.join(parent, 'integration_tests');
  writeFiles(folder, {
    'dbt_project.yml': 'name: shop\nprofile: shop\n',
    'packages.yml': 'packages:\n    - local: ../\n',
  });
  assert.equal((await deps(folder)).code, 0);
  assert.match(
    readFileSync(path.join(folder, 'package-lock.yml'), 'utf8'),
    /sha1_hash: de2deba3d66ce03d8c02949013650cc9b94f6030/,
  );
  assert.ok(lstatSync(path.join(folder, 'dbt_packages', 'above')).isSymbolicLink());
});

test('packages of git repositories come at a tag, a commit or a branch, from a subfolder if need be', async () => {
  const repository = newFolder();
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {
      encoding: 'utf8',
    }).trim();
  git('init', '--quiet', '--initial-branch=main');
  writeFiles(repository, inFolder('sub', library('fromgit', '1.0.0')));
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  git('tag', 'v1');
  writeFiles(repository, inFolder('sub', library('fromgit', '2.0.0')));
  git('commit', '--quiet', '-a', '-m', 'two');
  const install = async (revision: string): Promise<string | undefined> => {
    const folder = newProject({
      'packages.yml': `packages:\n  - git: "file://${repository}"\n    revision: ${revision}\n    subdirectory: sub\n`,
    });
    const { code, text } = await deps(folder);
    assert.equal(code, 0, text);
    assert.match(
      readFileSync(path.join(folder, 'package-lock.yml'), 'utf8'),
      /revision: [0-9a-f]{40}\n {4}subdirectory: sub/,
    );
    assert.equal(existsSync(path.join(folder, 'dbt_packages', 'fromgit', '.git')), false);
    return versionOf(folder, 'fromgit');
  };
  assert.equal(await install('v1'), '1.0.0');
  assert.equal(await install('main'), '2.0.0');
  assert.equal(await install(git('rev-parse', 'v1')), '1.0.0');
  const wrong = newProject({ 'packages.yml': `packages:\n  - git: "file://${repository}"\n    revision: v9\n` });
  const { code, text } = await deps(wrong);
  assert.equal(code, 2);
  assert.match(text, /has no branch, tag or commit 'v9'/);
});

test('a tarball is a package too', async () => {
  const folder = newProject({
    'packages.yml': `packages:\n  - tarball: ${base}tar/packed-3.0.0.tar.gz\n    name: packed\n`,
  });
  assert.equal((await deps(folder)).code, 0);
  assert.equal(versionOf(folder, 'packed'), '3.0.0');
});

test('what cannot be installed is told, with names that are near', async () => {
  const failing = async (entry: string): Promise<string> => {
    const { code, text } = await deps(newProject({ 'packages.yml': `packages:\n  - ${entry}\n` }));
    assert.equal(code, 2);
    return text;
  };
  assert.match(
    await failing('{package: acme/libb, version: 1.0.0}'),
    /package 'acme\/libb' is not in the package hub[\s\S]*acme\/lib/,
  );
  assert.match(
    await failing('{package: acme/lib, version: ">=3.0.0"}'),
    /has no version that is >=3\.0\.0; it has 1\.0\.0, 1\.2\.0/,
  );
  assert.match(await failing('{local: nowhere}'), /the local package 'nowhere' has no dbt_project\.yml/);
  assert.match(
    await failing('{version: 1.0.0}'),
    /package 1 needs one of 'package', 'git', 'local', 'private' and 'tarball'/,
  );
  const missing = newProject({ 'packages.yml': 'packages:\n  - {package: acme/lib, version: 1.0.0}\n' });
  assert.throws(() => parse(missing), /1 package is listed in packages\.yml, but none installed/);
});

test('an archive cannot write outside its folder', () => {
  for (const name of ['../evil.txt', 'a/../../evil.txt', '/evil.txt'])
    assert.throws(() => unpackTarball(tarball({ [name]: 'x' }), newFolder()), /would be written outside its folder/);
});

test('versions and ranges', () => {
  assert.equal(satisfies('1.10.0', '>=1.9.0'), true);
  assert.equal(satisfies('1.0.0-rc1', '<1.0.0'), true);
  assert.equal(satisfies('1.0.0', '1.0.0'), true);
  assert.equal(newestOf(['1.0.0', '1.10.0', '1.9.0', '2.0.0-a1'], ['>=1.0.0'], false), '1.10.0');
  assert.equal(newestOf(['1.0.0', '2.0.0-a1'], [], true), '2.0.0-a1');
  assert.equal(newestOf(['1.0.0'], ['>1.0.0'], false), undefined);
});

// The addresses on the right were made by dbt-core 1.12.6.
const hosts = JSON.stringify([
  { org: 'acme', url: 'https://{token}@github.com/acme/{repo}.git', token: 't1', provider: 'github' },
  { org: 'team', url: 'https://{token}@gitlab.com/team/{group}/{repo}.git', token: 't2', provider: 'gitlab' },
  { org: 'az', url: 'https://{token}@dev.azure.com/az/{project}/_git/{repo}', token: 't3', provider: 'ado' },
]);
const addresses: readonly (readonly [string, string | undefined, string | undefined, string])[] = [
  ['acme/models', undefined, undefined, 'git@github.com:acme/models.git'],
  ['acme/sub/models', 'gitlab', '[]', 'git@gitlab.com:acme/sub/models.git'],
  ['az/proj/models', 'azure_devops', '', 'git@ssh.dev.azure.com:v3/az/proj/models'],
  ['acme/models', undefined, hosts, 'https://t1@github.com/acme/models.git'],
  ['team/a/b/models', 'gitlab', hosts, 'https://t2@gitlab.com/team/a/b/models.git'],
  ['az/proj/models', 'azure_devops', hosts, 'https://t3@dev.azure.com/az/proj/_git/models'],
];

test('private packages: by SSH, or at the addresses that the environment gives', () => {
  for (const [name, provider, given, expected] of addresses)
    assert.equal(privateUrl({ name, provider }, given), expected, name);
  const failing = (name: string, provider?: string, given?: string) => () => privateUrl({ name, provider }, given);
  assert.throws(failing('az/models', 'ado'), /organisation, project and repository/);
  assert.throws(failing('acme/models', 'bitbucket'), /provider must be github, gitlab, ado or azure_devops/);
  assert.throws(failing('acme/models', 'gitlab', hosts), /no git host that is set up has it/);
  assert.throws(failing('--upload-pack=x', undefined), /must be the organisation and the repository/);
  assert.throws(failing('acme/../x'), /must be the organisation/);
  assert.throws(failing('acme/models', undefined, '{secret'), (error: Error) => !error.message.includes('secret'));
});

test('a token in the address of a git repository is in no command line, no file and no error', async () => {
  const [bin, served] = [newFolder(), newFolder()];
  const work = writeFiles(newFolder(), library('hidden', '1.0.0'));
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', work, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {
      encoding: 'utf8',
    }).trim();
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  git('clone', '--quiet', '--bare', work, path.join(served, 'hidden.git'));
  execFileSync('git', ['-C', path.join(served, 'hidden.git'), 'update-server-info']);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const words = path.join(bin, 'words');
  writeFileSync(path.join(bin, 'git'), `#!/bin/sh\necho "$@" >> ${words}\nexec ${real} "$@"\n`, { mode: 0o755 });
  const wanted = `Basic ${Buffer.from('me:s3cr@t').toString('base64')}`;
  const server = createServer(({ url = '/', headers }, response) => {
    if (headers.authorization !== wanted) return response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end();
    const file = path.join(served, path.normalize(url.split('?')[0] as string));
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const install = (password: string): Promise<DbtRun> => {
    const list = `packages:\n  - {git: "http://me:{{ env_var('DBT_ENV_SECRET_T') }}@127.0.0.1:${port}/hidden.git", revision: main}\n`;
    const env = { PATH: `${bin}:${process.env.PATH}`, DBT_ENV_SECRET_T: password };
    return dbt(newProject({ 'packages.yml': list }), ['deps'], env);
  };
  try {
    const good = await install('s3cr%40t');
    assert.equal(good.code, 0, good.text);
    assert.match(good.text, /Installed from revision main/);
    const bad = await install('wr0ng');
    assert.equal(bad.code, 2);
    assert.match(bad.text, new RegExp(`git cannot take http://127\\.0\\.0\\.1:${port}/hidden\\.git: `));
    for (const text of [good.text, bad.text, readFileSync(words, 'utf8')]) assert.doesNotMatch(text, /s3cr|wr0ng/);
  } finally {
    server.close();
  }
});
