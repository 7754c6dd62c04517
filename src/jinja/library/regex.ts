import { PyError, typeError } from '../errors.ts';
import { asIndex, readArguments } from '../operations/arguments.ts';
import { PyDict } from '../values/dict.ts';
import {
  type Args,
  isCallable,
  type Kwargs,
  NO_KWARGS,
  PyClass,
  PyFunction,
  PyModule,
  PyObject,
  typeName,
  type Value,
} from '../values/object.ts';
import { PyIterator } from '../values/sequences.ts';
import { repr, str } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { FLAGS, translatePattern } from './regex-syntax.ts';

/** A match of Python's `re`. */
class PyMatch extends PyObject {
  readonly typeName = 're.Match';
  readonly match: RegExpMatchArray & { readonly indices?: RegExpIndicesArray };
  readonly text: string;

  constructor(match: RegExpMatchArray, text: string) {
    super();
    this.match = match;
    this.text = text;
  }
  #number(key: Value): number {
    const names = Object.keys(this.match.groups ?? {});
    if (typeof key === 'string' && names.includes(key)) {
      const start = this.match.indices?.groups?.[key];
      const at = start
        ? this.match.indices?.findIndex((range, i) => i > 0 && range?.[0] === start[0] && range[1] === start[1])
        : -1;
      return at ?? -1;
    }
    const index = typeof key === 'string' ? -1 : asIndex(key);
    if (index < 0 || index >= this.match.length) throw new PyError('IndexError', 'no such group');
    return index;
  }
  group(key: Value): Value {
    if (typeof key === 'string' && Object.hasOwn(this.match.groups ?? {}, key)) return this.match.groups?.[key] ?? null;
    return this.match[this.#number(key)] ?? null;
  }
  #span(args: Args): readonly [number, number] {
    const key = args[0] ?? 0;
    const range = typeof key === 'string' ? this.match.indices?.groups?.[key] : this.match.indices?.[this.#number(key)];
    return range ?? [-1, -1];
  }
  override item(key: Value): Value {
    return this.group(key);
  }
  override truth(): boolean {
    return true;
  }
  override attr(name: string): Value | undefined {
    const method = this.#method(name);
    if (method) return new PyFunction(name, method);
    if (name === 'string') return this.text;
    return name === 'pos' ? 0 : name === 'endpos' ? this.text.length : undefined;
  }
  #method(name: string): ((args: Args, kwargs: Kwargs) => Value) | undefined {
    switch (name) {
      case 'group':
        return (args) =>
          args.length <= 1 ? this.group(args[0] ?? 0) : new PyTuple(args.map((key) => this.group(key)));
      case 'groups':
        return (args) => new PyTuple(this.match.slice(1).map((text: string | undefined) => text ?? args[0] ?? null));
      case 'groupdict':
        return (args) =>
          new PyDict(
            Object.entries(this.match.groups ?? {}).map(([key, text]) => [key, text ?? args[0] ?? null] as const),
          );
      case 'start':
        return (args) => this.#span(args)[0];
      case 'end':
        return (args) => this.#span(args)[1];
      case 'span':
        return (args) => new PyTuple(this.#span(args));
      case 'expand':
        return (args) => expand(str(args[0] as Value), this);
    }
    return undefined;
  }
  override repr(): string {
    const [start, end] = this.#span([]);
    return `<re.Match object; span=(${start}, ${end}), match=${repr(this.group(0))}>`;
  }
}

/** A replacement template: `\1`, `\g<name>`, `\n`. */
function expand(template: string, match: PyMatch): string {
  return template.replace(
    /\\(?:g<(\w+)>|(\d{1,2})|([\s\S]))/g,
    (whole: string, name?: string, digits?: string, other?: string) => {
      const key = name ?? digits;
      if (key !== undefined) return str(match.group(/^\d+$/.test(key) ? Number(key) : key) ?? '').replace(/^None$/, '');
      return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[other as string] ?? whole;
    },
  );
}

/** A compiled pattern of Python's `re`. */
class PyPattern extends PyObject {
  readonly typeName = 're.Pattern';
  readonly pattern: string;
  readonly flags: number;

  constructor(pattern: string, flags: number) {
    super();
    this.pattern = pattern;
    this.flags = flags;
  }
  regex(mode: 'search' | 'match' | 'fullmatch'): RegExp {
    const { source, flags } = translatePattern(this.pattern, this.flags);
    if (mode === 'search') return new RegExp(source, `${flags}gd`);
    return new RegExp(mode === 'match' ? `(?:${source})` : `(?:${source})(?![\\s\\S])`, `${flags}yd`);
  }
  find(mode: 'search' | 'match' | 'fullmatch', text: string): Value {
    const match = this.regex(mode).exec(text);
    return match ? new PyMatch(match, text) : null;
  }
  *matches(text: string): Generator<PyMatch> {
    for (const match of text.matchAll(this.regex('search'))) yield new PyMatch(match, text);
  }
  override attr(name: string): Value | undefined {
    if (name === 'pattern') return this.pattern;
    if (name === 'flags') return this.flags;
    const run = OPERATIONS.get(name);
    return run && new PyFunction(name, (args, kwargs) => run(this, args, kwargs));
  }
  override repr(): string {
    return `re.compile(${repr(this.pattern)})`;
  }
}

type Operation = (pattern: PyPattern, args: Args, kwargs: Kwargs) => Value;

function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof PyObject && value.typeName === 'Markup') return str(value);
  throw typeError(`expected string or bytes-like object, got '${typeName(value)}'`);
}

function substitute(pattern: PyPattern, args: Args, kwargs: Kwargs): { readonly text: string; readonly count: number } {
  const given = readArguments('sub', ['repl', 'string', 'count'], args, kwargs, { count: 0 });
  const text = textOf(given.string);
  const most = asIndex(given.count) || Number.POSITIVE_INFINITY;
  let out = '';
  let at = 0;
  let count = 0;
  for (const found of pattern.matches(text)) {
    if (count === most) break;
    const start = found.match.index as number;
    out += text.slice(at, start) + replacement(given.repl, found);
    at = start + found.match[0].length;
    count++;
  }
  return { text: out + text.slice(at), count };
}

function replacement(repl: Value, match: PyMatch): string {
  if (!isCallable(repl)) return expand(textOf(repl), match);
  const result = repl.call([match], NO_KWARGS);
  if (result instanceof Promise) throw typeError('this function cannot be used as a replacement');
  return str(result);
}

function split(pattern: PyPattern, args: Args, kwargs: Kwargs): Value {
  const given = readArguments('split', ['string', 'maxsplit'], args, kwargs, { maxsplit: 0 });
  const text = textOf(given.string);
  const most = asIndex(given.maxsplit) || Number.POSITIVE_INFINITY;
  const parts: Value[] = [];
  let at = 0;
  let count = 0;
  for (const { match } of pattern.matches(text)) {
    if (count++ === most) break;
    const start = match.index as number;
    parts.push(text.slice(at, start), ...match.slice(1).map((group: string | undefined) => group ?? null));
    at = start + match[0].length;
  }
  return [...parts, text.slice(at)];
}

const groupsOf = ({ match }: PyMatch): Value => {
  if (match.length === 1) return match[0];
  const groups = match.slice(1).map((text: string | undefined) => text ?? '');
  return groups.length === 1 ? (groups[0] as string) : new PyTuple(groups);
};

const finder =
  (mode: 'search' | 'match' | 'fullmatch'): Operation =>
  (pattern, args, kwargs) =>
    pattern.find(mode, textOf(readArguments(mode, ['string', 'pos'], args, kwargs, { pos: 0 }).string));

const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['search', finder('search')],
  ['match', finder('match')],
  ['fullmatch', finder('fullmatch')],
  ['sub', (pattern, args, kwargs) => substitute(pattern, args, kwargs).text],
  [
    'subn',
    (pattern, args, kwargs) => {
      const { text, count } = substitute(pattern, args, kwargs);
      return new PyTuple([text, count]);
    },
  ],
  ['split', split],
  ['findall', (pattern, args) => Array.from(pattern.matches(textOf(args[0] ?? null)), groupsOf)],
  ['finditer', (pattern, args) => new PyIterator('callable_iterator', pattern.matches(textOf(args[0] ?? null)))],
]);

function compile(pattern: Value, flags: Value): PyPattern {
  if (pattern instanceof PyPattern) return pattern;
  if (typeof pattern !== 'string') throw typeError('first argument must be string or compiled pattern');
  const compiled = new PyPattern(pattern, asIndex(flags));
  compiled.regex('search');
  return compiled;
}

/** How many arguments a function has before its flags. */
const PARAMETERS: Readonly<Record<string, number>> = { sub: 3, subn: 3, split: 2 };

function moduleFunction(name: string, run: Operation): Value {
  return new PyFunction(name, (args, kwargs) => {
    const [pattern, ...rest] = args;
    if (pattern === undefined) throw typeError(`${name}() missing 1 required positional argument: 'pattern'`);
    const before = PARAMETERS[name] ?? 1;
    const own = new Map(kwargs);
    const flags = own.get('flags') ?? rest[before] ?? 0;
    own.delete('flags');
    return run(compile(pattern, flags), rest.slice(0, before), own);
  });
}

const escapePattern = (text: string): string =>
  text.replace(/[\t\n\v\f\r !-/:-@[-^`{-~]/g, (c) => (/["'%,/:;<=>@`!]/.test(c) ? c : `\\${c}`));

export const RE_MODULE = new PyModule('module', [
  ...Array.from(OPERATIONS, ([name, run]) => [name, moduleFunction(name, run)] as const),
  ['compile', new PyFunction('compile', (args) => compile(args[0] ?? null, args[1] ?? 0))],
  ['escape', new PyFunction('escape', (args) => escapePattern(textOf(args[0] ?? null)))],
  ['Pattern', new PyClass('re.Pattern', (args) => compile(args[0] ?? null, 0))],
  ...Object.entries(FLAGS),
]);
