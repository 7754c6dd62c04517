/** Installed packages that are not those listed were taken, where dbt refuses them; so were entries without sense. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type Files, newProject, parse, parseError } from './project.ts';

const installed = (...names: string[]): Files =>
  Object.fromEntries(names.map((name) => [`dbt_packages/${name}/dbt_project.yml`, `name: ${name.split('.')[0]}\n`]));
const listed = (...names: string[]): Files => ({
  'packages.yml': `packages: [${names.map((name) => `{local: ${name}}`).join(', ')}]\n`,
});
const locked = (...names: string[]): Files => ({
  'package-lock.yml': `packages: [${names.map((name) => `{local: ${name}, name: ${name}}`).join(', ')}]\nsha1_hash: abc\n`,
});

const refused: readonly (readonly [string, Files, RegExp])[] = [
  [
    'not listed',
    { ...listed(), ...installed('one') },
    /^dbt_packages has 1 package \(one\), but packages\.yml lists none/,
  ],
  [
    'more than listed',
    { ...listed('one'), ...installed('one', 'two') },
    /^dbt_packages has 2 packages \(one, two\), but packages\.yml lists 1/,
  ],
  [
    'fewer than locked',
    { ...listed('one'), ...locked('one', 'two'), ...installed('one') },
    /^2 packages are listed in package-lock\.yml, but only 1 installed in dbt_packages: two missing/,
  ],
  [
    'a folder that is no package counts',
    { ...listed('one'), ...installed('one'), 'dbt_packages/notes/a.txt': '' },
    /has 2 packages \(notes, one\)/,
  ],
  [
    'a lock without packages',
    { ...listed('one'), ...installed('one'), 'package-lock.yml': 'sha1_hash: abc\n' },
    /package-lock\.yml: must hold a list of packages/,
  ],
  ['a list of something else', { 'packages.yml': 'others: []\n' }, /packages\.yml: there is no 'packages' in it/],
];

for (const [name, files, message] of refused)
  test(`packages are refused: ${name}`, () => assert.match(parseError(files).message, message));

test('packages that are locked are taken, whatever the list says', () => {
  const taken = (files: Files): number => parse(newProject(files)).projects.size - 3;
  assert.equal(taken({ ...listed('one'), ...locked('one', 'two'), ...installed('one', 'two') }), 2);
  assert.equal(taken({ ...locked('one'), ...installed('one') }), 1);
  assert.equal(taken({ ...listed('one'), ...locked(), ...installed('one') }), 1);
  assert.equal(taken({ ...listed('one'), 'package-lock.yml': '', ...installed('one') }), 1);
});

test('caches of Python are no packages', () => {
  const folder = newProject({ ...listed('one'), ...installed('one') });
  mkdirSync(path.join(folder, 'dbt_packages', '__pycache__'));
  assert.equal(parse(folder).projects.size, 4);
});

test('an entry of the list has to make sense, and is not told: its address may hold a token', () => {
  const entries: readonly (readonly [string, RegExp])[] = [
    ['{git: "https://token@host/x", warn_unpinned: false}', /^packages\.yml: package 1 knows no 'warn_unpinned'/],
    ['{git: x, warn-unpinned: "no"}', /takes no "no" for 'warn-unpinned'/],
    ['{package: a/b}', /is of the hub and needs a 'version'/],
    ['{package: a/b, version: []}', /needs a 'version'/],
    ['{package: b, version: 1}', /needs a namespace/],
    ['{local: a, git: b}', /needs one of/],
    ['{local: ""}', /has no text for 'local'/],
    ['{tarball: "http://x"}', /is a tarball and needs a 'name'/],
    ['{name: x}', /needs one of/],
  ];
  for (const [entry, message] of entries) {
    const told = parseError({ 'packages.yml': `packages: [${entry}]\n` }).message;
    assert.match(told, message);
    assert.doesNotMatch(told, /token/);
  }
});
