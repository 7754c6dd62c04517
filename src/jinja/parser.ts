import type { Expression, MacroStatement, Signature, Statement, Target, TemplateAst } from './ast.ts';
import { syntaxError } from './errors.ts';
import { ExpressionParser, type ParseFail } from './expressions.ts';
import { normaliseSource, tokenize } from './lexer.ts';

export interface ParsePlace {
  readonly path: string;
  readonly name: string;
  readonly line?: number | undefined;
  /** Put before the name of every macro, so that a host can keep macros apart from other names. */
  readonly macroPrefix: string;
}

type EndTags = readonly string[];

/** Parses a template; throws TemplateSyntaxError with the place. */
export function parseTemplate(source: string, place: ParsePlace): TemplateAst {
  const text = normaliseSource(source);
  const fail: ParseFail = (message, offset, pyClass) => {
    throw syntaxError(message, { ...place, source: text, offset }, pyClass);
  };
  const parser = new StatementParser(tokenize(text, fail), fail, place.macroPrefix);
  return { body: parser.template() };
}

class StatementParser extends ExpressionParser {
  readonly #macroPrefix: string;
  readonly #openTags: string[] = [];
  readonly #endTags: EndTags[] = [];
  #loops = 0;

  constructor(tokens: ConstructorParameters<typeof ExpressionParser>[0], fail: ParseFail, macroPrefix: string) {
    super(tokens, fail);
    this.#macroPrefix = macroPrefix;
  }

  template(): readonly Statement[] {
    return this.#subparse([]);
  }

  /** Statements up to one of the end tags, which is left at its name. */
  #subparse(endTags: EndTags): Statement[] {
    const body: Statement[] = [];
    if (endTags.length > 0) this.#endTags.push(endTags);
    for (;;) {
      const token = this.current;
      if (token.kind === 'data') {
        body.push({ kind: 'data', at: token.at, text: token.text });
        this.next();
      } else if (token.kind === 'variable-begin') {
        this.next();
        body.push({ kind: 'output', at: token.at, value: this.tuple({ withCondition: true }) });
        this.expect('variable-end');
      } else if (token.kind === 'block-begin') {
        this.next();
        if (this.current.kind === 'name' && endTags.includes(this.current.text)) break;
        body.push(...this.#statement());
        this.expect('block-end');
      } else break;
    }
    if (this.current.kind === 'end' && endTags.length > 0) this.#failEof(endTags);
    if (endTags.length > 0) this.#endTags.pop();
    return body;
  }

  #block(endTags: EndTags, drop = false): Statement[] {
    this.skipOperator(':');
    this.expect('block-end');
    const body = this.#subparse(endTags);
    if (drop) this.next();
    return body;
  }

  #failEof(endTags: EndTags): never {
    return this.fail(`Unexpected end of template.${this.#expectations(endTags)}`, this.current.at);
  }

  #expectations(endTags: EndTags | undefined): string {
    const looking = endTags
      ? ` Jinja was looking for the following tags: ${endTags.map((tag) => `'${tag}'`).join(' or ')}.`
      : '';
    const open = this.#openTags.at(-1);
    return open ? `${looking} The innermost block that needs to be closed is '${open}'.` : looking;
  }

  #statement(): readonly Statement[] {
    const token = this.current;
    if (token.kind !== 'name') this.fail('tag name expected', token.at);
    const parse = TAGS.get(token.text);
    if (!parse) {
      const expected = this.#endTags.at(-1);
      const hint = expected ? this.#expectations(expected) : '';
      return this.fail(`Encountered unknown tag '${token.text}'.${hint}`, token.at);
    }
    this.#openTags.push(token.text);
    this.next();
    const parsed = parse(this, token.at, token.text);
    this.#openTags.pop();
    return Array.isArray(parsed) ? parsed : [parsed as Statement];
  }

  ifStatement(at: number): Statement {
    const branches: (readonly [Expression, readonly Statement[]])[] = [];
    let otherwise: readonly Statement[] | undefined;
    let test = this.tuple({ withCondition: false });
    for (;;) {
      branches.push([test, this.#block(['elif', 'else', 'endif'])]);
      const tag = this.next().text;
      if (tag === 'elif') {
        test = this.tuple({ withCondition: false });
        continue;
      }
      if (tag === 'else') otherwise = this.#block(['endif'], true);
      return { kind: 'if', at, branches, otherwise };
    }
  }

  forStatement(at: number): Statement {
    const target = this.target({ endNames: ['in'] });
    this.expectName('in');
    const iterable = this.tuple({ withCondition: false, endNames: ['recursive'] });
    const test = this.skipName('if') ? this.expression() : undefined;
    const recursive = this.skipName('recursive');
    this.#loops++;
    const body = this.#block(['endfor', 'else']);
    this.#loops--;
    const otherwise = this.next().text === 'else' ? this.#block(['endfor'], true) : undefined;
    return { kind: 'for', at, target, iterable, test, recursive, body, otherwise };
  }

  setStatement(at: number): Statement {
    const target = this.target({ withNamespace: true });
    if (this.skipOperator('=')) return { kind: 'set', at, target, value: this.tuple({ withCondition: true }) };
    const filter = this.filters(undefined);
    return { kind: 'set-block', at, target, filter, body: this.#block(['endset'], true) };
  }

  filterBlock(at: number): Statement {
    const filter = this.filters(undefined, true) as Expression;
    return { kind: 'filter-block', at, filter, body: this.#block(['endfilter'], true) };
  }

  callBlock(at: number): Statement {
    const signature = this.isOperator('(') ? this.#signature() : { parameters: [], defaults: [] };
    const value = this.expression();
    if (value.kind !== 'call') this.fail('expected call', value.at);
    return { kind: 'call-block', at, signature, value, body: this.#macroBody('endcall').body };
  }

  macroStatement(at: number): Statement {
    const name = this.expect('name').text;
    const signature = this.#signature();
    return this.#macro(at, name, signature, 'endmacro');
  }

  /** `{% test %}`, `{% docs %}`: macros whose name says what they are. */
  namedBlock(at: number, prefix: string, tag: string, withSignature: boolean): Statement {
    const name = prefix + this.expect('name').text;
    const signature = withSignature ? this.#signature() : { parameters: [], defaults: [] };
    return this.#macro(at, name, signature, `end${tag}`);
  }

  materialization(at: number): Statement {
    const name = this.expect('name').text;
    let adapter = 'default';
    let languages: Expression = { kind: 'list', at, items: [{ kind: 'constant', at, value: 'sql' }] };
    while (this.skipOperator(',')) {
      const option = this.expect('name');
      if (option.text === 'default') continue;
      this.expectOperator('=');
      const value = this.expression();
      if (option.text === 'adapter' && value.kind === 'constant') adapter = String(value.value);
      else if (option.text === 'supported_languages') languages = value;
      else this.fail(`materialization '${name}' received unknown argument '${option.text}'.`, option.at);
    }
    const signature = { parameters: ['supported_languages'], defaults: [languages] };
    return this.#macro(at, `materialization_${name}_${adapter}`, signature, 'endmaterialization');
  }

  #macro(at: number, name: string, signature: Signature, endTag: string): MacroStatement {
    const { body, uses } = this.#macroBody(endTag);
    if (uses.has('caller') && this.#explicitWithoutDefault(signature))
      this.fail(
        'When defining macros or call blocks the special "caller" argument must be omitted or be given a default.',
        at,
        'TemplateAssertionError',
      );
    return { kind: 'macro', at, name: this.#macroPrefix + name, signature, body, uses };
  }

  #explicitWithoutDefault({ parameters, defaults }: Signature): boolean {
    const index = parameters.indexOf('caller');
    return index >= 0 && index < parameters.length - defaults.length;
  }

  #macroBody(endTag: string): { readonly body: readonly Statement[]; readonly uses: ReadonlySet<string> } {
    const outer = this.startUses();
    const loops = this.#loops;
    this.#loops = 0;
    const body = this.#block([endTag], true);
    this.#loops = loops;
    return { body, uses: this.endUses(outer) };
  }

  #signature(): Signature {
    const parameters: string[] = [];
    const defaults: Expression[] = [];
    this.expectOperator('(');
    while (!this.isOperator(')')) {
      if (parameters.length > 0) this.expectOperator(',');
      const parameter = this.assignable();
      if (this.skipOperator(':')) this.#typeAnnotation();
      if (this.skipOperator('=')) defaults.push(this.expression());
      else if (defaults.length > 0) this.fail('non-default argument follows default argument', this.current.at);
      parameters.push(parameter.text);
    }
    this.expectOperator(')');
    return { parameters, defaults };
  }

  #typeAnnotation(): void {
    this.expect('name');
    if (!this.skipOperator('[')) return;
    for (let first = true; !this.isOperator(']'); first = false) {
      if (!first) this.expectOperator(',');
      this.#typeAnnotation();
    }
    this.expectOperator(']');
  }

  withBlock(at: number): Statement {
    const assignments: (readonly [Target, Expression])[] = [];
    while (this.current.kind !== 'block-end') {
      if (assignments.length > 0) this.expectOperator(',');
      const target = this.target({});
      this.expectOperator('=');
      assignments.push([target, this.expression()]);
    }
    return { kind: 'with', at, assignments, body: this.#block(['endwith'], true) };
  }

  autoescapeBlock(at: number): Statement {
    return { kind: 'autoescape', at, value: this.expression(), body: this.#block(['endautoescape'], true) };
  }

  /** Without inheritance a block is its own body. */
  plainBlock(): readonly Statement[] {
    this.expect('name');
    this.skipName('scoped');
    this.skipName('required');
    this.skipOperator(':');
    this.expect('block-end');
    const body = this.#subparse(['endblock']);
    this.next();
    if (this.current.kind === 'name') this.next();
    return body;
  }

  loadStatement(at: number, tag: string): Statement {
    while (this.current.kind !== 'block-end' && this.current.kind !== 'end') this.next();
    return { kind: 'load', at, tag };
  }

  printStatement(at: number): readonly Statement[] {
    const values: Statement[] = [];
    while (this.current.kind !== 'block-end') {
      if (values.length > 0) this.expectOperator(',');
      values.push({ kind: 'output', at, value: this.expression() });
    }
    return values;
  }

  loopControl(at: number, tag: string): Statement {
    if (this.#loops === 0) this.fail(`'${tag}' outside loop`, at, 'SyntaxError');
    return { kind: tag === 'break' ? 'break' : 'continue', at };
  }
}

type TagParser = (parser: StatementParser, at: number, tag: string) => Statement | readonly Statement[];

const TAGS: ReadonlyMap<string, TagParser> = new Map<string, TagParser>([
  ['if', (parser, at) => parser.ifStatement(at)],
  ['for', (parser, at) => parser.forStatement(at)],
  ['set', (parser, at) => parser.setStatement(at)],
  ['do', (parser, at) => ({ kind: 'do', at, value: parser.tuple({ withCondition: true }) })],
  ['macro', (parser, at) => parser.macroStatement(at)],
  ['call', (parser, at) => parser.callBlock(at)],
  ['filter', (parser, at) => parser.filterBlock(at)],
  ['with', (parser, at) => parser.withBlock(at)],
  ['autoescape', (parser, at) => parser.autoescapeBlock(at)],
  ['block', (parser) => parser.plainBlock()],
  ['print', (parser, at) => parser.printStatement(at)],
  ['break', (parser, at, tag) => parser.loopControl(at, tag)],
  ['continue', (parser, at, tag) => parser.loopControl(at, tag)],
  ['include', (parser, at, tag) => parser.loadStatement(at, tag)],
  ['import', (parser, at, tag) => parser.loadStatement(at, tag)],
  ['from', (parser, at, tag) => parser.loadStatement(at, tag)],
  ['extends', (parser, at, tag) => parser.loadStatement(at, tag)],
  ['materialization', (parser, at) => parser.materialization(at)],
  ['test', (parser, at, tag) => parser.namedBlock(at, 'test_', tag, true)],
  ['data_test', (parser, at, tag) => parser.namedBlock(at, 'test_', tag, true)],
  ['docs', (parser, at, tag) => parser.namedBlock(at, 'docs_', tag, false)],
  ['snapshot', (parser, at, tag) => parser.namedBlock(at, 'snapshot_', tag, false)],
]);
