import { createRequire } from 'node:module';
import type { Document } from 'yaml';
import { PyError } from '../errors.ts';
import { sortValues } from '../values/compare.ts';
import { PyDict } from '../values/dict.ts';
import { PyFloat } from '../values/float.ts';
import { typeName, type Value } from '../values/object.ts';
import { floatRepr, str } from '../values/text.ts';
import { daysFromCivil } from './calendar.ts';
import { PyDate, PyDateTime, parseIso } from './datetime.ts';

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
  if (/^[-+]?0b[01_]+$/.test(text) || /^[-+]?0x[\da-fA-F_]+$/.test(text)) return small(sign * BigInt(digits));
  if (/^[-+]?0[0-7_]+$/.test(text)) return small(sign * BigInt(`0o${digits.slice(1)}`));
  if (/^[-+]?(0|[1-9][\d_]*)$/.test(text)) return small(sign * BigInt(digits));
  if (/^[-+]?[1-9][\d_]*(:[0-5]?\d)+$/.test(text)) return small(sign * sexagesimal(digits));
  if (/^[-+]?(\d[\d_]*\.[\d_]*([eE][-+]\d+)?|\.[\d][\d_]*([eE][-+]\d+)?)$/.test(text)) return new PyFloat(Number(bare));
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
const parseDocument: typeof import('yaml').parseDocument = (...given) =>
  (load('yaml') as typeof import('yaml')).parseDocument(...given);

const YAML_OPTIONS = {
  version: '1.1',
  schema: 'failsafe',
  merge: true,
  uniqueKeys: false,
  logLevel: 'silent',
} as const;

/** PyYAML's `safe_load`; throws PyError YAMLError. */
export function fromYaml(text: string): Value {
  const document = parseDocument(text, YAML_OPTIONS);
  const [error] = document.errors;
  if (error) throw new PyError('YAMLError', error.message);
  return nodeValue(document.contents, document);
}

interface YamlNode {
  readonly value?: unknown;
  readonly type?: string;
  readonly tag?: string;
  readonly items?: readonly unknown[];
  readonly source?: string;
  resolve?(document: Document): unknown;
}

function nodeValue(node: unknown, document: Document): Value {
  if (node === null || node === undefined) return null;
  const { type, items, value } = node as YamlNode;
  if (type === undefined && typeof (node as YamlNode).resolve === 'function')
    return nodeValue((node as Required<Pick<YamlNode, 'resolve'>>).resolve(document), document);
  if (items !== undefined) {
    const isMap = items.every((item) => typeof item === 'object' && item !== null && 'key' in item);
    if (!isMap || (items.length === 0 && (node as YamlNode).tag?.endsWith('seq')))
      return items.map((item) => nodeValue(item, document));
    return mapValue(items as readonly { key: unknown; value: unknown }[], document);
  }
  const text = String(value ?? '');
  if (type !== 'PLAIN') return text;
  const scalar = yamlScalar(text);
  return scalar === undefined ? text : scalar;
}

function mapValue(pairs: readonly { readonly key: unknown; readonly value: unknown }[], document: Document): PyDict {
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

/** PyYAML's `safe_dump` in block style. */
export function toYaml(value: Value, sortKeys = false): string {
  if (isContainer(value) && !isEmpty(value)) return block(value, '', sortKeys);
  const text = scalarText(value);
  return /^["'[{]/.test(text) ? `${text}\n` : `${text}\n...\n`;
}

const isContainer = (value: Value): value is Value[] | PyDict => Array.isArray(value) || value instanceof PyDict;
const isEmpty = (value: Value[] | PyDict): boolean => (Array.isArray(value) ? value.length : value.size) === 0;

function block(value: Value[] | PyDict, margin: string, sortKeys: boolean): string {
  if (Array.isArray(value)) return value.map((item) => `${margin}- ${inline(item, `${margin}  `, sortKeys)}`).join('');
  const entries = sortKeys ? sortValues([...value.entries()], ([key]) => key) : [...value.entries()];
  return entries.map(([key, item]) => `${margin}${scalarText(key)}:${underKey(item, margin, sortKeys)}`).join('');
}

/** A nested block starts on the line of its dash. */
function inline(item: Value, margin: string, sortKeys: boolean): string {
  if (!isContainer(item) || isEmpty(item)) return `${scalarText(item)}\n`;
  return block(item, margin, sortKeys).slice(margin.length);
}

function underKey(item: Value, margin: string, sortKeys: boolean): string {
  if (!isContainer(item) || isEmpty(item)) return ` ${scalarText(item)}\n`;
  // PyYAML does not indent a list under its key.
  return `\n${block(item, Array.isArray(item) ? margin : `${margin}  `, sortKeys)}`;
}

function scalarText(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (value instanceof PyFloat) return floatText(value.value);
  if (Array.isArray(value)) return '[]';
  if (value instanceof PyDict) return '{}';
  if (value instanceof PyDateTime || value instanceof PyDate) return str(value);
  throw new PyError('RepresenterError', `cannot represent an object of type ${typeName(value)}`);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = floatRepr(value);
  return text.includes('e') && !text.includes('.') ? text.replace('e', '.0e') : text;
}

const CONTROL_CHARACTERS = '\\x00-\\x08\\x0b-\\x1f\\x7f';
const CONTROL = new RegExp(`[${CONTROL_CHARACTERS}]`);
const SPECIAL_START = /^[,[\]{}#&*!|>'"%@`\s]|^[-?:](\s|$)|^(---|\.\.\.)|^(=|<<)$/;

/** Text as it is where it reads back as the same text, else in quotes. */
function quoted(text: string): string {
  if (CONTROL.test(text)) return JSON.stringify(text);
  const isPlain = !text.includes('\n') && yamlScalar(text) === undefined && !SPECIAL_START.test(text);
  return isPlain && !/: | #|[:\s]$/.test(text) ? text : singleQuoted(text);
}

const singleQuoted = (text: string): string => `'${text.replaceAll("'", "''").replaceAll('\n', '\n\n')}'`;
