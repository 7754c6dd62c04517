import { createRequire } from 'node:module';
import type { Document } from 'yaml';
import { PyError } from '../errors.ts';
import { PyDict } from '../values/dict.ts';
import { PyFloat } from '../values/float.ts';
import type { Value } from '../values/object.ts';
import { checkDigits } from '../values/text.ts';
import { daysFromCivil } from './calendar.ts';
import { PyDate, parseIso } from './datetime.ts';

/** Plain scalars as PyYAML's SafeLoader (YAML 1.1) reads them; undefined for text. */
export function yamlScalar(text: string): Value | undefined {
  if (/^(~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return true;
  if (/^(no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return false;
  return yamlNumber(text) ?? yamlTime(text);
}

function yamlNumber(text: string): Value | undefined {
  const bare = text.replaceAll('_', '').replace(/^\+/, '');
  const sign = bare.startsWith('-') ? -1n : 1n;
  const digits = bare.replace(/^-/, '');
  if (/^\d+$/.test(digits)) checkDigits(digits);
  if (/^[-+]?0b[01_]+$/.test(text) || /^[-+]?0x[\da-fA-F_]+$/.test(text)) return small(sign * BigInt(digits));
  if (/^[-+]?0[0-7_]+$/.test(text)) return small(sign * BigInt(`0o${digits.slice(1)}`));
  if (/^[-+]?(0|[1-9][\d_]*)$/.test(text)) return small(sign * BigInt(digits));
  if (/^[-+]?[1-9][\d_]*(:[0-5]?\d)+$/.test(text)) return small(sign * sexagesimal(digits));
  if (/^[-+]?(\d[\d_]*\.[\d_]*([eE][-+]\d+)?)$/.test(text) || /^\.\d[\d_]*([eE][-+]\d+)?$/.test(text))
    return new PyFloat(Number(bare));
  if (/^[-+]?\.(inf|Inf|INF)$/.test(text)) return new PyFloat(Number(sign) * Number.POSITIVE_INFINITY);
  return /^\.(nan|NaN|NAN)$/.test(text) ? new PyFloat(Number.NaN) : undefined;
}

const sexagesimal = (digits: string): bigint =>
  digits.split(':').reduce((total, part) => total * 60n + BigInt(part), 0n);
const small = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

function yamlTime(text: string): Value | undefined {
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (date) return new PyDate(daysFromCivil({ year: Number(date[1]), month: Number(date[2]), day: Number(date[3]) }));
  const moment =
    /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(\.\d*)?[ \t]*(Z|[-+]\d\d?(?::\d\d)?)?$/.exec(text);
  if (!moment) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = ''] = moment as unknown as string[];
  const two = (part: string | undefined): string => (part ?? '').padStart(2, '0');
  const offset = /^[-+]/.test(zone)
    ? `${zone[0]}${two(zone.slice(1).split(':')[0])}:${zone.split(':')[1] ?? '00'}`
    : zone;
  return parseIso(
    `${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${second}${fraction === '.' ? '' : fraction}${offset}`,
  );
}

/** The package is loaded when it is first needed: it has many files. */
const load = createRequire(import.meta.url);
const yamlPackage = (): typeof import('yaml') => load('yaml') as typeof import('yaml');

const YAML_OPTIONS = {
  version: '1.1',
  schema: 'failsafe',
  merge: true,
  uniqueKeys: false,
  logLevel: 'silent',
} as const;

/** PyYAML's `safe_load`; throws PyError YAMLError. */
export function fromYaml(text: string): Value {
  const document = yamlPackage().parseDocument(text, YAML_OPTIONS);
  const [error] = document.errors;
  if (error) throw new PyError('YAMLError', error.message);
  return nodeValue(document.contents, document);
}

interface YamlNode {
  readonly value?: unknown;
  readonly type?: string;
  resolve?(document: Document): unknown;
}

function nodeValue(node: unknown, document: Document): Value {
  if (node === null || node === undefined) return null;
  const { type, value } = node as YamlNode;
  if (type === undefined && typeof (node as YamlNode).resolve === 'function')
    return nodeValue((node as Required<Pick<YamlNode, 'resolve'>>).resolve(document), document);
  const { isMap, isSeq } = yamlPackage();
  if (isSeq(node)) return node.items.map((item) => nodeValue(item, document));
  if (isMap(node)) return mapValue(node.items as readonly Pair[], document);
  const text = String(value ?? '');
  if (type !== 'PLAIN') return text;
  const scalar = yamlScalar(text);
  return scalar === undefined ? text : scalar;
}

interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

function mapValue(pairs: readonly Pair[], document: Document): PyDict {
  const dict = new PyDict();
  for (const { key, value } of pairs) {
    const name = nodeValue(key, document);
    const item = nodeValue(value, document);
    if (name === '<<') for (const merged of Array.isArray(item) ? item : [item]) mergeInto(dict, merged);
    else dict.set(name, item);
  }
  return dict;
}

function mergeInto(dict: PyDict, merged: Value): void {
  if (merged instanceof PyDict) for (const [key, value] of merged.entries()) if (!dict.has(key)) dict.set(key, value);
}
