import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuckhouseError } from '../../src/errors.ts';
import { catalogues, createTranslator, languageOf, type MessageId } from '../../src/messages/index.ts';

const parameters = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string).sort();

test('both catalogues have the same messages with the same parameters', () => {
  assert.deepEqual(Object.keys(catalogues.fr).sort(), Object.keys(catalogues.en).sort());
  for (const id of Object.keys(catalogues.en) as MessageId[])
    assert.deepEqual(parameters(catalogues.fr[id]), parameters(catalogues.en[id]), id);
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
  assert.deepEqual(createTranslator('fr').error(new DuckhouseError('InvalidArgument', 'odd', { hint: 'h' })), {
    message: 'odd',
    hint: 'h',
  });
});
