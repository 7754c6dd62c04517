import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

export const readDocument = (name: string): string => readFileSync(path.join(root, name), 'utf8');

/** The part of a document between a mark and the next end is what the code says; DUCKHOUSE_UPDATE=1 writes it there. */
export function checkPart(name: string, mark: string, lines: readonly string[]): void {
  const text = readDocument(name);
  const opening = `<!-- ${mark} -->\n`;
  assert.ok(text.includes(opening), `${name} has no ${opening}`);
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf('<!-- end -->', start);
  const wanted = `${lines.join('\n')}\n`;
  if (process.env.DUCKHOUSE_UPDATE === '1')
    writeFileSync(path.join(root, name), text.slice(0, start) + wanted + text.slice(end));
  else assert.equal(text.slice(start, end), wanted, `${name}: DUCKHOUSE_UPDATE=1 npm test writes it anew`);
}

/** The code blocks of a document in one language, in order. */
export const codeBlocks = (name: string, language: string): string[] =>
  [...readDocument(name).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, tag]) => tag === language)
    .map(([, , code]) => code as string);

export const cell = (text: string): string => (text === '' ? '' : `\`${text.replaceAll('|', '\\|')}\``);
