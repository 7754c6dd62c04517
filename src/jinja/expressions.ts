import type { CallArguments, CompareOperator, Expression, Target } from './ast.ts';
import type { Token, TokenKind } from './lexer.ts';

interface TupleOptions {
  readonly withCondition: boolean;
  readonly endNames?: readonly string[];
  readonly inParentheses?: boolean;
}

/** Throws an error of a class, TemplateSyntaxError by default. */
export type ParseFail = (message: string, at: number, pyClass?: string) => never;

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['false', false],
  ['none', null],
  ['True', true],
  ['False', false],
  ['None', null],
]);
const RESERVED: ReadonlySet<string> = new Set(CONSTANTS.keys());
const TEST_STOPS: ReadonlySet<string> = new Set(['else', 'or', 'and']);

const DESCRIPTIONS: Readonly<Partial<Record<TokenKind, string>>> = {
  'variable-end': 'end of print statement',
  'block-end': 'end of statement block',
  'variable-begin': 'begin of print statement',
  'block-begin': 'begin of statement block',
  data: 'template data / text',
  end: 'end of template',
};

/** How Jinja names a token in its messages. */
const describe = ({ kind, text }: Pick<Token, 'kind' | 'text'>): string =>
  DESCRIPTIONS[kind] ?? (kind === 'name' || kind === 'operator' ? text : kind);

/** Expressions by precedence, lowest first, as Jinja2's parser reads them. */
export class ExpressionParser {
  readonly #tokens: readonly Token[];
  readonly fail: ParseFail;
  #index = 0;
  #uses: Set<string> | undefined;

  constructor(tokens: readonly Token[], fail: ParseFail) {
    this.#tokens = tokens;
    this.fail = fail;
  }

  get current(): Token {
    return this.#tokens[this.#index] as Token;
  }
  next(): Token {
    const token = this.current;
    if (this.#index < this.#tokens.length - 1) this.#index++;
    return token;
  }
  isOperator(text: string): boolean {
    return this.current.kind === 'operator' && this.current.text === text;
  }
  skipOperator(text: string): boolean {
    if (!this.isOperator(text)) return false;
    this.next();
    return true;
  }
  isName(text: string): boolean {
    return this.current.kind === 'name' && this.current.text === text;
  }
  skipName(text: string): boolean {
    if (!this.isName(text)) return false;
    this.next();
    return true;
  }
  expect(kind: TokenKind): Token {
    if (this.current.kind !== kind) this.#unexpected(describe({ kind, text: kind }));
    return this.next();
  }
  expectOperator(text: string): Token {
    if (!this.isOperator(text)) this.#unexpected(text);
    return this.next();
  }
  expectName(text: string): Token {
    if (!this.isName(text)) this.#unexpected(text);
    return this.next();
  }
  #unexpected(wanted: string): never {
    if (this.current.kind === 'end')
      return this.fail(`unexpected end of template, expected '${wanted}'.`, this.current.at);
    return this.fail(`expected token '${wanted}', got '${describe(this.current)}'`, this.current.at);
  }

  startUses(): Set<string> | undefined {
    const outer = this.#uses;
    this.#uses = new Set();
    return outer;
  }
  endUses(outer: Set<string> | undefined): ReadonlySet<string> {
    const uses = this.#uses as Set<string>;
    if (outer) for (const name of uses) outer.add(name);
    this.#uses = outer;
    return uses;
  }

  expression(): Expression {
    let then = this.#or();
    while (this.isName('if')) {
      const { at } = this.next();
      const test = this.#or();
      const otherwise = this.skipName('else') ? this.expression() : undefined;
      then = { kind: 'conditional', at, test, then, otherwise };
    }
    return then;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.isName('or')) left = { kind: 'or', at: this.next().at, left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.isName('and')) left = { kind: 'and', at: this.next().at, left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (this.isName('not')) return { kind: 'not', at: this.next().at, of: this.#not() };
    return this.#compare();
  }

  #compare(): Expression {
    const { at } = this.current;
    const first = this.#sum();
    const rest: (readonly [CompareOperator, Expression])[] = [];
    for (;;) {
      const operator = this.#comparison();
      if (operator === undefined) break;
      rest.push([operator, this.#sum()]);
    }
    return rest.length === 0 ? first : { kind: 'compare', at, first, rest };
  }

  #comparison(): CompareOperator | undefined {
    const { kind, text } = this.current;
    if (kind === 'operator' && COMPARISONS.has(text)) return this.next().text as CompareOperator;
    if (kind !== 'name') return undefined;
    if (text === 'in') return this.next().text as 'in';
    const following = this.#tokens[this.#index + 1];
    if (text !== 'not' || following?.kind !== 'name' || following.text !== 'in') return undefined;
    this.next();
    this.next();
    return 'not in';
  }

  #sum(): Expression {
    let left = this.#concat();
    while (this.isOperator('+') || this.isOperator('-')) {
      const { at, text } = this.next();
      left = { kind: 'binary', at, operator: text as '+' | '-', left, right: this.#concat() };
    }
    return left;
  }

  #concat(): Expression {
    const { at } = this.current;
    const items = [this.#product()];
    while (this.skipOperator('~')) items.push(this.#product());
    return items.length === 1 ? (items[0] as Expression) : { kind: 'concat', at, items };
  }

  #product(): Expression {
    let left = this.#power();
    while (this.isOperator('*') || this.isOperator('/') || this.isOperator('//') || this.isOperator('%')) {
      const { at, text } = this.next();
      left = { kind: 'binary', at, operator: text as '*', left, right: this.#power() };
    }
    return left;
  }

  #power(): Expression {
    let left = this.#unary(true);
    while (this.isOperator('**'))
      left = { kind: 'binary', at: this.next().at, operator: '**', left, right: this.#unary(true) };
    return left;
  }

  #unary(withFilter: boolean): Expression {
    let value: Expression;
    if (this.isOperator('-') || this.isOperator('+')) {
      const { at, text } = this.next();
      value = { kind: 'unary', at, operator: text as '-' | '+', of: this.#unary(false) };
    } else value = this.#primary();
    value = this.#postfix(value);
    return withFilter ? this.#filterExpression(value) : value;
  }

  #primary(): Expression {
    const token = this.current;
    const { at, text } = token;
    switch (token.kind) {
      case 'name':
        this.next();
        return this.#nameOrConstant(text, at);
      case 'string': {
        let value = '';
        while (this.current.kind === 'string') value += this.next().text;
        return { kind: 'constant', at, value };
      }
      case 'integer':
        this.next();
        return { kind: 'constant', at, value: integerOf(text) };
      case 'float':
        this.next();
        return { kind: 'constant', at, value: { float: Number(text.replaceAll('_', '')) } };
      case 'operator':
        if (text === '(') return this.#parenthesised();
        if (text === '[') return this.#list();
        if (text === '{') return this.#dict();
    }
    return this.fail(`unexpected '${describe(token)}'`, at);
  }

  #nameOrConstant(name: string, at: number): Expression {
    const constant = CONSTANTS.get(name);
    if (constant !== undefined) return { kind: 'constant', at, value: constant };
    this.#uses?.add(name);
    return { kind: 'name', at, name };
  }

  #parenthesised(): Expression {
    this.next();
    const value = this.tuple({ withCondition: true, inParentheses: true });
    this.expectOperator(')');
    return value;
  }

  #list(): Expression {
    const { at } = this.next();
    const items: Expression[] = [];
    while (!this.isOperator(']')) {
      if (items.length > 0) this.expectOperator(',');
      if (this.isOperator(']')) break;
      items.push(this.expression());
    }
    this.expectOperator(']');
    return { kind: 'list', at, items };
  }

  #dict(): Expression {
    const { at } = this.next();
    const pairs: (readonly [Expression, Expression])[] = [];
    while (!this.isOperator('}')) {
      if (pairs.length > 0) this.expectOperator(',');
      if (this.isOperator('}')) break;
      const key = this.expression();
      this.expectOperator(':');
      pairs.push([key, this.expression()]);
    }
    this.expectOperator('}');
    return { kind: 'dict', at, pairs };
  }

  /** One expression, or several with commas as a tuple. */
  tuple({ withCondition, endNames = [], inParentheses = false }: TupleOptions): Expression {
    const { at } = this.current;
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.expectOperator(',');
      if (this.#atTupleEnd(endNames)) break;
      items.push(withCondition ? this.expression() : this.#or());
      if (!this.isOperator(',')) break;
      isTuple = true;
    }
    if (!isTuple && items.length === 1) return items[0] as Expression;
    if (items.length === 0 && !inParentheses)
      this.fail(`Expected an expression, got '${describe(this.current)}'`, this.current.at);
    return { kind: 'tuple', at, items };
  }

  #atTupleEnd(endNames: readonly string[]): boolean {
    const { kind, text } = this.current;
    if (kind === 'variable-end' || kind === 'block-end' || this.isOperator(')')) return true;
    return kind === 'name' && endNames.includes(text);
  }

  #postfix(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.isOperator('.') || this.isOperator('[')) value = this.#subscript(value);
      else if (this.isOperator('(')) value = this.#call(value);
      else return value;
    }
  }

  #call(of: Expression): Expression {
    const { at } = this.current;
    return { kind: 'call', at: of.at < at ? of.at : at, of, call: this.#callArguments() };
  }

  #filterExpression(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.isOperator('|')) value = this.filters(value) as Expression;
      else if (this.isName('is')) value = this.#test(value);
      else if (this.isOperator('(')) value = this.#call(value);
      else return value;
    }
  }

  #subscript(of: Expression): Expression {
    const { at } = this.current;
    if (this.skipOperator('.')) {
      const token = this.next();
      if (token.kind === 'name') return { kind: 'attribute', at: token.at, of, name: token.text };
      if (token.kind !== 'integer') this.fail('expected name or number', token.at);
      return { kind: 'item', at, of, key: { kind: 'constant', at: token.at, value: integerOf(token.text) } };
    }
    this.next();
    const keys: (Expression | readonly (Expression | undefined)[])[] = [];
    while (!this.isOperator(']')) {
      if (keys.length > 0) this.expectOperator(',');
      keys.push(this.#subscribed());
    }
    this.expectOperator(']');
    const [key] = keys;
    if (keys.length === 1 && Array.isArray(key)) return { kind: 'slice', at, of, bounds: key };
    if (keys.length === 1) return { kind: 'item', at, of, key: key as Expression };
    if (keys.some(Array.isArray)) this.fail('a slice cannot be part of a tuple of keys', at);
    return { kind: 'item', at, of, key: { kind: 'tuple', at, items: keys as Expression[] } };
  }

  #subscribed(): Expression | readonly (Expression | undefined)[] {
    const atEnd = (): boolean => this.isOperator(']') || this.isOperator(',') || this.isOperator(':');
    const first = this.isOperator(':') ? undefined : this.expression();
    if (!this.skipOperator(':')) return first as Expression;
    const stop = atEnd() ? undefined : this.expression();
    const step = this.skipOperator(':') && !atEnd() ? this.expression() : undefined;
    return [first, stop, step];
  }

  #callArguments(): CallArguments {
    const { at } = this.expectOperator('(');
    const args: Expression[] = [];
    const kwargs: (readonly [string, Expression])[] = [];
    let spreadArgs: Expression | undefined;
    let spreadKwargs: Expression | undefined;
    const ensure = (allowed: boolean): void => {
      if (!allowed) this.fail('invalid syntax for function call expression', at);
    };
    for (let first = true; !this.isOperator(')'); first = false) {
      if (!first) {
        this.expectOperator(',');
        if (this.isOperator(')')) break;
      }
      if (this.skipOperator('*')) {
        ensure(spreadArgs === undefined && spreadKwargs === undefined);
        spreadArgs = this.expression();
      } else if (this.skipOperator('**')) {
        ensure(spreadKwargs === undefined);
        spreadKwargs = this.expression();
      } else if (this.current.kind === 'name' && this.#isAssignNext()) {
        ensure(spreadKwargs === undefined);
        const name = this.next().text;
        this.next();
        kwargs.push([name, this.expression()]);
      } else {
        ensure(spreadArgs === undefined && spreadKwargs === undefined && kwargs.length === 0);
        args.push(this.expression());
      }
    }
    this.expectOperator(')');
    return { args, kwargs, spreadArgs, spreadKwargs };
  }

  #isAssignNext(): boolean {
    const following = this.#tokens[this.#index + 1];
    return following?.kind === 'operator' && following.text === '=';
  }

  #dottedName(): string {
    let name = this.expect('name').text;
    while (this.skipOperator('.')) name += `.${this.expect('name').text}`;
    return name;
  }

  /** A chain of filters on a value; `inside` reads the first one without its bar. */
  filters(start: Expression | undefined, inside = false): Expression | undefined {
    let value = start;
    for (let bare = inside; bare || this.isOperator('|'); bare = false) {
      if (!bare) this.next();
      const { at } = this.current;
      const name = this.#dottedName();
      const call = this.isOperator('(') ? this.#callArguments() : NO_ARGUMENTS;
      value = { kind: 'filter', at, name, of: value, call };
    }
    return value;
  }

  #test(of: Expression): Expression {
    const { at } = this.next();
    const negated = this.skipName('not');
    const name = this.#dottedName();
    const test: Expression = { kind: 'test', at, name, of, call: this.#testArguments() };
    return negated ? { kind: 'not', at, of: test } : test;
  }

  #testArguments(): CallArguments {
    if (this.isOperator('(')) return this.#callArguments();
    const { kind, text, at } = this.current;
    const starts =
      kind === 'string' ||
      kind === 'integer' ||
      kind === 'float' ||
      (kind === 'name' && !TEST_STOPS.has(text)) ||
      (kind === 'operator' && (text === '[' || text === '{'));
    if (!starts) return NO_ARGUMENTS;
    if (this.isName('is')) this.fail('You cannot chain multiple tests with is', at);
    return { ...NO_ARGUMENTS, args: [this.#postfix(this.#primary())] };
  }

  assignable(): Token {
    const token = this.expect('name');
    if (RESERVED.has(token.text)) this.fail(`can't assign to '${token.text}'`, token.at);
    return token;
  }

  /** What `set`, `for` and `with` assign to. */
  target({ withNamespace = false, endNames = [] }: { withNamespace?: boolean; endNames?: readonly string[] }): Target {
    const { at } = this.current;
    if (withNamespace && this.current.kind === 'name' && this.#isDotNext()) {
      const name = this.next().text;
      this.next();
      return { kind: 'namespace', at, name, attribute: this.expect('name').text };
    }
    const items: Target[] = [];
    let isTuple = false;
    for (;;) {
      if (this.current.kind === 'block-end' || this.isOperator('=') || this.isOperator(')')) break;
      if (this.current.kind === 'name' && endNames.includes(this.current.text)) break;
      items.push(this.#oneTarget());
      if (!this.skipOperator(',')) break;
      isTuple = true;
    }
    if (items.length === 0) this.fail(`Expected an expression, got '${describe(this.current)}'`, this.current.at);
    return items.length === 1 && !isTuple ? (items[0] as Target) : { kind: 'tuple', at, items };
  }

  #isDotNext(): boolean {
    const following = this.#tokens[this.#index + 1];
    return following?.kind === 'operator' && following.text === '.';
  }

  #oneTarget(): Target {
    const { at } = this.current;
    if (this.skipOperator('(')) {
      const inner = this.target({});
      this.expectOperator(')');
      return inner;
    }
    return { kind: 'name', at, name: this.assignable().text };
  }
}

const NO_ARGUMENTS: CallArguments = { args: [], kwargs: [], spreadArgs: undefined, spreadKwargs: undefined };

function integerOf(text: string): number | bigint {
  const value = BigInt(text.replaceAll('_', ''));
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
