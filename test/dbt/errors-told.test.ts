import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCredentials } from '../../src/dbt/adapter/credentials.ts';
import { openDatabase } from '../../src/dbt/adapter/database.ts';
import { openEngine } from '../../src/engine/index.ts';
import type { DuckhouseError } from '../../src/errors.ts';
import { createTranslator } from '../../src/messages/index.ts';
import { type Files, newFolder, parse, parseError, writeFiles } from './project.ts';

const told = (error: Error, language: 'en' | 'fr'): string => {
  const { message, hint } = createTranslator(language).error(error as DuckhouseError);
  return `${message} | ${hint}`;
};

// They were in English only.
test('the mistakes that are made most are told in both languages', () => {
  const mistakes: readonly [Files, RegExp, RegExp][] = [
    [
      { 'models/b.sql': "select * from {{ ref('aa') }}", 'models/a.sql': 'select 1' },
      /depends on a node named 'aa' which was not found \| did you mean a\?/,
      /^model\.shop\.b \(models\/b\.sql\) dépend de aa, introuvable \| vouliez-vous dire a \?$/,
    ],
    [
      { 'models/s.yml': 'models:\n  - name: a\n\tx: 1\n' },
      /models\/s\.yml:3:1: not valid YAML/,
      /models\/s\.yml:3:1 : YAML illisible/,
    ],
    [
      { 'models/a.sql': 'select 1', 'models/x/a.sql': 'select 2' },
      /two models are named 'a': models\/a\.sql and models\/x\/a\.sql/,
      /portent le nom « a » : models\/a\.sql et models\/x\/a\.sql/,
    ],
    [
      { 'models/a.sql': 'select 1', 'models/s.yml': 'models: [{name: a}]', 'models/t.yml': 'models: [{name: a}]' },
      /model 'a' is described twice: in models\/s\.yml and in models\/t\.yml \| keep one/,
      /model\.shop\.a est décrit deux fois : dans models\/s\.yml et dans models\/t\.yml \| garder/,
    ],
    [
      { 'profiles.yml': 'shops: {target: x}\n' },
      /profile 'shop' is not in .*profiles\.yml; there are: shops \| did you mean shops\?/,
      /le profil « shop » n'est pas dans .*profiles\.yml ; il y a : shops/,
    ],
    [
      { 'packages.yml': 'packages: [{package: a/b, version: 1.0.0}, {package: a/c, version: 1.0.0}]\n' },
      /2 packages are listed in packages\.yml, but none installed in dbt_packages \| run: duckhouse dbt deps/,
      /packages\.yml demande 2 paquet\(s\), 0 installé\(s\) dans dbt_packages \| lancer : duckhouse dbt deps/,
    ],
  ];
  for (const [files, english, french] of mistakes) {
    const error = parseError(files);
    assert.match(told(error, 'en'), english);
    assert.match(told(error, 'fr'), french);
  }
  assert.throws(
    () => parse(writeFiles(newFolder(), {})),
    (error: Error) => /^aucun dbt_project\.yml dans /.test(told(error, 'fr')),
  );
});

// Files of extensions, as packages of other registries bring them, were refused as being no names.
test('an extension is a name or a file', () => {
  const place = { folder: '/project', name: 'shop.dev' };
  const file = '/else/where/excel.duckdb_extension';
  assert.deepEqual(readCredentials({ extensions: [file, 'json'] }, place).setup, [
    `INSTALL '${file}'`,
    `LOAD '${file}'`,
    'INSTALL json',
    'LOAD json',
  ]);
  assert.throws(() => readCredentials({ extensions: ['no name'] }, place), /"no name" is no name of an extension/);
});

test('a server that is closed says what its profile would need', async () => {
  const engine = await openEngine({ database: ':memory:', lockdown: { folders: [], settings: [] } });
  const credentials = readCredentials(
    { attach: [{ path: '/else/where.duckdb', alias: 'other' }] },
    { folder: '/project', name: 'shop.dev' },
  );
  const events = { onQuery: () => undefined, onQueryDone: () => undefined };
  await assert.rejects(openDatabase({ credentials, engine, events }), (error: DuckhouseError) => {
    assert.match(told(error, 'en'), /attachments and secrets of the profile: .* --trusted/);
    assert.match(told(error, 'fr'), /bases attachées et secrets du profil : .* --trusted/);
    return true;
  });
  await engine.close();
});
