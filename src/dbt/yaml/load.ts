import { createRequire } from 'node:module';
import type { Document, Node } from 'yaml';
import { DuckhouseError } from '../../errors.ts';
import { keyOf, quickYaml, setKey } from './quick.ts';
import { resolvePlain, type ScalarMakers } from './scalars.ts';

/** The package has many files, and most documents do without it: it is loaded when it is first needed. */
const load = createRequire(import.meta.url);
const yaml = (): typeof import('yaml') => load('yaml') as typeof import('yaml');

/** The document as plain values. `path` is named in errors; an empty document is null. */
export function loadYaml(text: string, path: string, makers: ScalarMakers): unknown {
  const quick = quickYaml(text, makers);
  return quick === undefined ? fullYaml(text, path, makers) : quick.value;
}

function fullYaml(text: string, path: string, makers: ScalarMakers): unknown {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    schema: 'failsafe',
    merge: true,
    uniqueKeys: false,
    lineCounter: lines,
    strict: false,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    const summary = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
    throw new DuckhouseError('DataInvalid', `${path}:${line}:${col}: not valid YAML: ${summary}`, {
      context: { path, line, column: col },
      hint: `line ${line}: ${text.split('\n')[line - 1]?.trim() ?? ''}`,
    });
  }
  return plainOf(document.contents as Node | null, document, makers);
}

function plainOf(node: Node | null | undefined, document: Document.Parsed, makers: ScalarMakers): unknown {
  if (node === null || node === undefined) return null;
  const { isAlias, isMap, isScalar, isSeq } = yaml();
  if (isAlias(node)) return plainOf(node.resolve(document), document, makers);
  if (isSeq(node)) return node.items.map((item) => plainOf(item as Node, document, makers));
  if (isMap(node)) return mapOf(node, document, makers);
  if (!isScalar(node)) return null;
  const { value, type } = node;
  if (typeof value !== 'string') return value ?? null;
  return type === 'PLAIN' && node.tag === undefined ? resolvePlain(value, makers) : value;
}

/** With YAML 1.1 the reader gives the merge key as a symbol. */
const isMergeKey = (name: unknown): boolean => name === '<<' || (typeof name === 'symbol' && name.description === '<<');

function mapOf(
  node: { readonly items: readonly { readonly key: unknown; readonly value: unknown }[] },
  document: Document.Parsed,
  makers: ScalarMakers,
): Record<string, unknown> {
  const entries: Record<string, unknown> = {};
  const merged: Record<string, unknown>[] = [];
  for (const { key, value } of node.items) {
    const name = plainOf(key as Node, document, makers);
    const plain = plainOf(value as Node, document, makers);
    if (isMergeKey(name)) merged.push(...([plain].flat() as Record<string, unknown>[]));
    else setKey(entries, keyOf(name), plain);
  }
  return merged.length === 0 ? entries : Object.assign({}, ...merged.reverse(), entries);
}
