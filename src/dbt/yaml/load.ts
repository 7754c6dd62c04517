import { createRequire } from 'node:module';
import type { Document, LineCounter, Node, Scalar } from 'yaml';
import { DuckhouseError } from '../../errors.ts';
import { put } from '../plain.ts';
import { keyOf, quickYaml } from './quick.ts';
import { resolvePlain, type ScalarMakers } from './scalars.ts';

/** The package has many files, and most documents do without it: it is loaded when it is first needed. */
const load = createRequire(import.meta.url);
const yaml = (): typeof import('yaml') => load('yaml') as typeof import('yaml');

export interface DuplicateKey {
  readonly key: string;
  readonly line: number;
  readonly column: number;
}

export interface YamlReading {
  readonly makers: ScalarMakers;
  /** Told of keys that stand in a dictionary again; the last of them counts. */
  readonly onDuplicate?: ((duplicate: DuplicateKey) => void) | undefined;
}

/** The document as plain values. `path` is named in errors; an empty document is null. */
export function loadYaml(text: string, path: string, reading: YamlReading): unknown {
  const quick = quickYaml(text, reading.makers);
  return quick === undefined ? fullYaml(text, path, reading) : quick.value;
}

interface Read {
  readonly text: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

interface Full extends YamlReading, Read {}

function read(text: string): Read {
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
  return { text, document, lines };
}

const mostMoved = 500;

/** Lines between brackets may begin at any column: those that the reader finds too far left are moved. */
function moved(text: string, first: Read): Read | undefined {
  const texts = text.split('\n');
  let found = first;
  for (let count = 0; count < mostMoved && found.document.errors[0]?.code === 'BAD_INDENT'; count++) {
    const { line } = found.lines.linePos(found.document.errors[0].pos[0]);
    texts[line - 1] = `${' '.repeat(80)}${texts[line - 1] ?? ''}`;
    found = read(texts.join('\n'));
  }
  return found.document.errors.length === 0 ? found : undefined;
}

function fullYaml(text: string, path: string, reading: YamlReading): unknown {
  const first = read(text);
  const found = moved(text, first) ?? first;
  const { document, lines } = found;
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    const summary = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
    throw new DuckhouseError('DataInvalid', `${path}:${line}:${col}: not valid YAML: ${summary}`, {
      id: 'dbt-yaml',
      context: { path, line, column: col, summary },
      hint: `line ${line}: ${text.split('\n')[line - 1]?.trim() ?? ''}`,
    });
  }
  return plainOf(document.contents as Node | null, { ...reading, ...found });
}

function plainOf(node: Node | null | undefined, full: Full): unknown {
  if (node === null || node === undefined) return null;
  const { isAlias, isMap, isScalar, isSeq } = yaml();
  if (isAlias(node)) return plainOf(node.resolve(full.document), full);
  if (isSeq(node)) return node.items.map((item) => plainOf(item as Node, full));
  if (isMap(node)) return mapOf(node, full);
  if (!isScalar(node)) return null;
  const { value, type } = node;
  if (typeof value !== 'string') return value ?? null;
  if (type === 'PLAIN' && node.tag === undefined) return resolvePlain(value, full.makers);
  return endsWithFile(node, full) ? value.replace(/\n$/, '') : value;
}

/** The reader gives such a text a line break that the file has not. */
const endsWithFile = ({ type, range }: Scalar, { text }: Full): boolean =>
  (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') && !text.endsWith('\n') && (range?.[1] ?? 0) >= text.length;

/** With YAML 1.1 the reader gives the merge key as a symbol. */
const isMergeKey = (name: unknown): boolean => name === '<<' || (typeof name === 'symbol' && name.description === '<<');

function mapOf(
  node: { readonly items: readonly { readonly key: unknown; readonly value: unknown }[] },
  full: Full,
): Record<string, unknown> {
  const entries: Record<string, unknown> = {};
  const merged: Record<string, unknown>[] = [];
  for (const { key, value } of node.items) {
    const name = plainOf(key as Node, full);
    const plain = plainOf(value as Node, full);
    if (isMergeKey(name)) merged.push(...([plain].flat() as Record<string, unknown>[]));
    else {
      if (Object.hasOwn(entries, keyOf(name))) tellDuplicate(full, keyOf(name), key as Node);
      put(entries, keyOf(name), plain);
    }
  }
  return merged.length === 0 ? entries : Object.assign({}, ...merged.reverse(), entries);
}

function tellDuplicate({ onDuplicate, lines }: Full, key: string, node: Node): void {
  const { line, col: column } = lines.linePos(node.range?.[0] ?? 0);
  onDuplicate?.({ key, line, column });
}
