import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { writeWhole } from '../../src/dbt/whole-file.ts';
import { newFolder } from './project.ts';

// Commands at the same time wrote their manifest under one name, and one of them failed with an internal error.
test('a file is written by two at the same time, and is that of one of them', () => {
  const folder = newFolder();
  const file = path.join(folder, 'deep', 'manifest.json');
  writeWhole(file, (put) => {
    put('first ');
    writeWhole(file, 'second');
    assert.equal(readFileSync(file, 'utf8'), 'second');
    put(Buffer.from('first'));
  });
  assert.equal(readFileSync(file, 'utf8'), 'first first');
  assert.deepEqual(readdirSync(path.dirname(file)), ['manifest.json']);
});

test('what fails half way leaves what was there', () => {
  const folder = newFolder();
  const file = path.join(folder, 'manifest.json');
  writeWhole(file, 'old');
  const fails = (put: (piece: string) => void): void => {
    put('new');
    throw new Error('no more');
  };
  assert.throws(() => writeWhole(file, fails), /no more/);
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), ['manifest.json']);
});

test('a link is replaced, not followed', () => {
  const folder = newFolder();
  const [outside, file] = [path.join(folder, 'outside'), path.join(folder, 'manifest.json')];
  writeFileSync(outside, 'kept');
  symlinkSync(outside, file);
  writeWhole(file, 'new');
  assert.deepEqual([readFileSync(outside, 'utf8'), readFileSync(file, 'utf8')], ['kept', 'new']);
});
