import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { DuckhouseError } from '../../src/errors.ts';
import { catalogues, createTranslator, languageOf, type MessageId } from '../../src/messages/index.ts';

const parameters = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string))].sort();
/** Where an error's own words stand for facts of it that only one language puts into words. */
const facts = (text: string): string[] => parameters(text).filter((name) => name !== 'message');

test('both catalogues have the same messages with the same parameters', () => {
  assert.deepEqual(Object.keys(catalogues.fr).sort(), Object.keys(catalogues.en).sort());
  for (const id of Object.keys(catalogues.en) as MessageId[]) {
    if (catalogues.en[id] === '{message}') continue;
    assert.deepEqual(facts(catalogues.fr[id]), facts(catalogues.en[id]), id);
  }
});

test('each error that has a name is told in both languages', () => {
  const source = path.resolve(import.meta.dirname, '../../../src');
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .filter((text) => text.includes('new DuckhouseError('));
  const ids = files.flatMap((text) =>
    [...text.matchAll(/\bid: '([a-z0-9]+(?:-[a-z0-9]+)+)'/g)].map(([, id]) => id as string),
  );
  assert.ok(ids.length > 100);
  assert.deepEqual(
    [...new Set(ids)].filter((id) => !Object.hasOwn(catalogues.en, `error.${id}`)),
    [],
  );
});

test('numbers and plurals follow the language', () => {
  assert.equal(createTranslator('en').plural('rows.all', 1234), '1,234 rows');
  assert.equal(createTranslator('fr').plural('rows.all', 0), '0 ligne');
  assert.match(createTranslator('fr').plural('rows.all', 1234), /^1.234 lignes$/);
  assert.equal(languageOf(undefined, '', 'fr_FR.UTF-8'), 'fr');
  assert.equal(languageOf('en', 'fr_FR'), 'en');
  assert.equal(languageOf('C'), 'en');
});

test('an error with a translation is translated, another one is shown as it is', () => {
  const known = new DuckhouseError('NotFound', 'table t does not exist', {
    id: 'table-not-found',
    context: { name: 't', candidates: ['tt', 'tu'] },
  });
  assert.deepEqual(createTranslator('fr').error(known), {
    message: "la table t n'existe pas",
    hint: 'vouliez-vous dire tt, tu ?',
  });
  const worded = new DuckhouseError('DataInvalid', 'line 3 has 4 columns', { id: 'csv-malformed' });
  assert.equal(createTranslator('fr').error(worded).message, 'CSV illisible : line 3 has 4 columns');
  assert.equal(createTranslator('en').error(worded).message, 'line 3 has 4 columns');
  assert.deepEqual(createTranslator('fr').error(new DuckhouseError('InvalidArgument', 'odd', { hint: 'h' })), {
    message: 'odd',
    hint: 'h',
  });
});
