import { type Token, tokenize } from './lexer.ts';
import { unary } from './operations/arithmetic.ts';
import { PyDict } from './values/dict.ts';
import { PyFloat } from './values/float.ts';
import { hashKey } from './values/keys.ts';
import type { Value } from './values/object.ts';
import { PySet } from './values/set.ts';
import { mostDigits } from './values/text.ts';
import { PyTuple } from './values/tuple.ts';

class NotALiteral extends Error {}

/** Python's `ast.literal_eval`; undefined where it raises (what the text says is no literal). */
export function literalEval(text: string): Value | undefined {
  const source = text.replace(/^[ \t]+/, '');
  if (/[{]%|%}|\{\{|\}\}|\{#/.test(source) && !isBracketed(source)) return undefined;
  try {
    const reader = new LiteralReader(tokensOf(source));
    return reader.whole();
  } catch (error) {
    if (error instanceof NotALiteral || error instanceof TypeError || isPyError(error)) return undefined;
    throw error;
  }
}

const isPyError = (error: unknown): boolean => error instanceof Error && 'pyClass' in error;
const isBracketed = (source: string): boolean => /^[[({]/.test(source);

const fail = (): never => {
  throw new NotALiteral();
};

/** Python's own tokens are near enough to Jinja's inside an expression; string prefixes are read here. */
function tokensOf(source: string): readonly Token[] {
  if (/["'][^"']*#|^[^"']*#/.test(source)) fail();
  const tokens = tokenize(`{{ ${source} }}`, fail);
  const end = tokens.findIndex(({ kind }) => kind === 'variable-end');
  if (end < 0 || end !== tokens.length - 2) fail();
  return tokens.slice(1, end);
}

class LiteralReader {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }
  get #token(): Token | undefined {
    return this.#tokens[this.#index];
  }
  #is(text: string): boolean {
    return this.#token?.kind === 'operator' && this.#token.text === text;
  }
  #skip(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#index++;
    return true;
  }
  whole(): Value {
    const items = this.#items('');
    if (this.#index < this.#tokens.length) fail();
    return items.isTuple ? new PyTuple(items.values) : (items.values[0] ?? (items.values.length === 1 ? null : fail()));
  }
  /** Values with commas up to a closing bracket, which is taken. */
  #items(close: string): { readonly values: Value[]; readonly isTuple: boolean } {
    const values: Value[] = [];
    let isTuple = false;
    for (;;) {
      if (close !== '' && this.#skip(close)) return { values, isTuple: isTuple || values.length === 0 };
      if (close === '' && this.#token === undefined) return { values, isTuple };
      if (values.length > 0 && !isTupleComma(isTuple, values, this.#tokens[this.#index - 1])) fail();
      values.push(this.#value());
      if (this.#skip(',')) isTuple = true;
      else if (close === '') return { values, isTuple };
      else if (!this.#is(close)) fail();
    }
  }
  #value(): Value {
    const token = this.#token ?? fail();
    if (this.#is('-') || this.#is('+')) {
      this.#index++;
      return unary(token.text as '-' | '+', this.#number());
    }
    this.#index++;
    if (token.kind === 'string') return this.#string(token.text);
    if (token.kind === 'name') return this.#named(token.text);
    if (token.kind === 'operator') return this.#bracket(token.text);
    this.#index--;
    return this.#number();
  }
  #string(first: string): string {
    let text = first;
    while (this.#token?.kind === 'string') text += (this.#tokens[this.#index++] as Token).text;
    return text;
  }
  #named(name: string): Value {
    if (name === 'None') return null;
    if (name === 'True') return true;
    if (name === 'False') return false;
    if (/^u$/i.test(name) && this.#token?.kind === 'string') return this.#string('');
    if (name === 'set' && this.#skip('(') && this.#skip(')')) return new PySet();
    return fail();
  }
  #number(): Value {
    const token = this.#token ?? fail();
    if (token.kind !== 'integer' && token.kind !== 'float')
      return this.#is('-') || this.#is('+') || this.#is('(') ? this.#value() : fail();
    this.#index++;
    const text = token.text.replaceAll('_', '');
    if (token.kind === 'float') return new PyFloat(Number(text));
    if (/^0\d*[1-9]/.test(text) && !/^0[box]/i.test(text)) return fail();
    if (text.length > mostDigits) return fail();
    const whole = BigInt(text);
    return whole <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(whole) : whole;
  }
  #bracket(open: string): Value {
    if (open === '[') return this.#items(']').values;
    if (open === '(') {
      const { values, isTuple } = this.#items(')');
      return isTuple ? new PyTuple(values) : (values[0] as Value);
    }
    return open === '{' ? this.#braces() : fail();
  }
  #braces(): Value {
    if (this.#skip('}')) return new PyDict();
    const first = this.#value();
    hashKey(first);
    if (!this.#is(':')) return this.#set(first);
    const pairs: (readonly [Value, Value])[] = [];
    let key = first;
    for (;;) {
      if (!this.#skip(':')) fail();
      pairs.push([key, this.#value()]);
      if (!this.#skip(',')) break;
      if (this.#is('}')) break;
      key = this.#value();
    }
    if (!this.#skip('}')) fail();
    return new PyDict(pairs);
  }
  #set(first: Value): Value {
    const items = [first];
    while (this.#skip(',')) {
      if (this.#is('}')) break;
      items.push(this.#value());
    }
    if (!this.#skip('}')) fail();
    return new PySet(items);
  }
}

const isTupleComma = (isTuple: boolean, values: readonly Value[], before: Token | undefined): boolean =>
  isTuple && values.length > 0 && before?.kind === 'operator' && before.text === ',';
