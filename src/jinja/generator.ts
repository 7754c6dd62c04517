import type {
  CallArguments,
  Expression,
  ForStatement,
  MacroStatement,
  Signature,
  Statement,
  Target,
  TemplateAst,
} from './ast.ts';
import { constantCode, type GeneratorOptions, quote, type Scope } from './generator-parts.ts';
import { assignedNames, isConstant, targetNames, usesName } from './scopes.ts';

/**
 * The body of a JavaScript function of (R, r, S, X): runtime, name resolver, source for errors, exported macros.
 * Names of the template never become JavaScript names, and no property of a JavaScript object is read by one.
 */
export function generate(ast: TemplateAst, options: GeneratorOptions): string {
  return new Generator(options).module(ast);
}

class Generator {
  readonly #options: GeneratorOptions;
  #count = 0;
  #scope: Scope | undefined;
  #temporaries: string[] = [];
  #out = 'o';
  #outIsList = false;
  #escape = '';
  #soft = false;

  constructor(options: GeneratorOptions) {
    this.#options = options;
  }

  #id(prefix: string): string {
    return `${prefix}${this.#count++}`;
  }
  get #function(): string {
    return this.#options.async ? 'async ' : '';
  }
  get #turn(): string {
    return this.#options.async ? 'if(R.due())await R.turn();' : '';
  }
  #awaited(code: string): string {
    return this.#options.async ? `((t=${code})instanceof Promise?await t:t)` : code;
  }

  module(ast: TemplateAst): string {
    this.#outIsList = this.#options.native;
    const body = this.#functionBody({
      name: '',
      signature: '',
      out: this.#outIsList ? '[]' : '""',
      make: () => this.#scoped(ast.body, true),
    });
    return `"use strict";const N=R.none;return ${this.#function}(r,S,X)=>${body}`;
  }

  /** `{ locals; try {...} catch }` with an output buffer `o` of its own. */
  #functionBody(options: { name: string; signature: string; out: string; make: () => string }): string {
    const outer = { temporaries: this.#temporaries, out: this.#out };
    this.#temporaries = [];
    this.#out = 'o';
    const code = options.make();
    const locals = ['p=0', `o=${options.out}`, ...(this.#options.async ? ['t'] : []), ...this.#temporaries].join(',');
    this.#temporaries = outer.temporaries;
    this.#out = outer.out;
    return `{let ${locals};try{${options.signature}${code}}catch(e){throw R.at(e,S,p,${quote(options.name)})}return o}`;
  }

  /** Statements in a new scope holding the names they set. */
  #scoped(body: readonly Statement[], isModule = false): string {
    const scope: Scope = { names: new Map(), outer: this.#scope };
    let declarations = '';
    for (const name of assignedNames(body)) declarations += this.#declare(scope, name);
    this.#scope = scope;
    const code = this.#statements(body, isModule);
    this.#scope = scope.outer;
    return declarations + code;
  }

  /** A variable that starts as what an outer scope holds under the name, if anything. */
  #declare(scope: Scope, name: string): string {
    const id = this.#id('v');
    const outer = this.#find(name, scope.outer);
    scope.names.set(name, { id, sure: outer?.sure ?? false });
    return outer ? `let ${id}=${outer.id};` : `let ${id};`;
  }

  #find(
    name: string,
    from: Scope | undefined = this.#scope,
  ): { readonly id: string; readonly sure: boolean } | undefined {
    for (let scope = from; scope; scope = scope.outer) {
      const found = scope.names.get(name);
      if (found) return found;
    }
    return undefined;
  }

  #read(name: string): string {
    const found = this.#find(name);
    if (!found) return `r(${quote(name)})`;
    return found.sure ? found.id : `(${found.id}===undefined?r(${quote(name)}):${found.id})`;
  }

  #statements(body: readonly Statement[], isModule = false): string {
    let code = '';
    for (const statement of body) code += this.#statement(statement, isModule);
    return code;
  }

  #statement(statement: Statement, isModule: boolean): string {
    switch (statement.kind) {
      case 'data':
        return this.#emitText(quote(statement.text));
      case 'output':
        return this.#output(statement.value, statement.at);
      case 'do':
        return `p=${statement.at};${this.#expression(statement.value)};`;
      case 'if':
        return this.#if(statement);
      case 'for':
        return this.#for(statement);
      case 'set':
        return `p=${statement.at};${this.#assign(statement.target, this.#expression(statement.value))}`;
      case 'set-block':
        return this.#setBlock(statement);
      case 'filter-block':
        return this.#captured(
          statement.body,
          (text) => `{const k=${text};${this.#emit(this.#expression(statement.filter))}}`,
        );
      case 'macro': {
        const { id } = this.#find(statement.name) as { id: string };
        const exported = isModule ? `X[${quote(statement.name)}]=${id};` : '';
        return `${id}=${this.#macro(statement)};${exported}`;
      }
      case 'call-block':
        return this.#callBlock(statement);
      case 'with':
        return this.#with(statement);
      case 'autoescape':
        return this.#autoescape(statement);
      case 'load':
        return `p=${statement.at};R.noLoader();`;
      default:
        return `${statement.kind};`;
    }
  }

  #emitText(code: string): string {
    return this.#outIsList ? `${this.#out}.push(R.text(${code}));` : `${this.#out}+=${code};`;
  }

  #emit(code: string): string {
    if (this.#outIsList) return `${this.#out}.push(${code});`;
    return `${this.#out}+=${this.#escape ? `R.escaped(${code},${this.#escape})` : `R.str(${code})`};`;
  }

  #output(value: Expression, at: number): string {
    if (value.kind === 'constant' && typeof value.value === 'string' && !this.#escape)
      return this.#emitText(quote(value.value));
    const code = this.#expression(value);
    // Jinja folds a constant into the text around it, so that natively it is text too.
    if (this.#outIsList && isConstant(value)) return `p=${at};${`${this.#out}.push(R.folded(${code}));`}`;
    return `p=${at};${this.#emit(code)}`;
  }

  #softly<T>(make: () => T): T {
    const before = this.#soft;
    this.#soft = true;
    const made = make();
    this.#soft = before;
    return made;
  }

  #if({ at, branches, otherwise }: Extract<Statement, { kind: 'if' }>): string {
    return this.#softly(() => {
      let code = `p=${at};`;
      for (const [i, [test, body]] of branches.entries())
        code += `${i > 0 ? 'else ' : ''}if(${this.#condition(test)}){${this.#statements(body)}}`;
      return otherwise ? `${code}else{${this.#statements(otherwise)}}` : code;
    });
  }

  #for(statement: ForStatement): string {
    const { at, iterable, recursive, otherwise } = statement;
    const items = this.#id('x');
    const depth = recursive ? 'd' : '0';
    const walk = (source: string, self: string): string => {
      const filtered = statement.test ? this.#filterItems(statement, items) : '';
      const other = otherwise ? `if(${items}.length===0){${this.#scoped(otherwise)}}` : '';
      return `let ${items}=R.list(${source});${filtered}${this.#loop(statement, { items, depth, self })}${other}`;
    };
    if (!recursive) return `p=${at};{${walk(this.#expression(iterable), 'null')}}`;
    const self = this.#id('f');
    const source = this.#expression(iterable);
    const outer = { isList: this.#outIsList, escape: this.#escape };
    this.#outIsList = false;
    const body = this.#functionBody({ name: '', signature: '', out: '""', make: () => walk('i', self) });
    this.#outIsList = outer.isList;
    return `p=${at};const ${self}=${this.#function}(i,d)=>${body};${this.#emitText(this.#awaited(`${self}(${source},0)`))}`;
  }

  #filterItems(statement: ForStatement, items: string): string {
    const item = this.#id('i');
    const kept = this.#id('x');
    const inner = this.#inLoopScope(
      statement.target,
      item,
      () => `if(${this.#condition(statement.test as Expression)})${kept}.push(${item});`,
    );
    return `const ${kept}=[];for(const ${item} of ${items}){${this.#turn}${inner}}${items}=${kept};`;
  }

  /** Binds the loop's targets to an item in a new scope. */
  #inLoopScope(target: Target, item: string, make: () => string): string {
    const scope: Scope = { names: new Map(), outer: this.#scope };
    let code = '';
    for (const name of targetNames(target)) {
      const id = this.#id('v');
      scope.names.set(name, { id, sure: true });
      code += `let ${id};`;
    }
    this.#scope = scope;
    code += this.#assign(target, item) + make();
    this.#scope = scope.outer;
    return code;
  }

  #loop(statement: ForStatement, { items, depth, self }: { items: string; depth: string; self: string }): string {
    const { target, body } = statement;
    const index = this.#id('n');
    const item = this.#id('i');
    const wantsLoop = statement.recursive || usesName(body, 'loop');
    const loop = this.#id('l');
    const inner = this.#inLoopScope(target, item, () => {
      if (wantsLoop) this.#scope?.names.set('loop', { id: loop, sure: true });
      return this.#loopBody(body, target, wantsLoop);
    });
    const start = wantsLoop ? `const ${loop}=R.loop(${items},${depth},${self});` : '';
    const step = wantsLoop ? `${loop}.position=${index};` : '';
    return `${start}for(let ${index}=0;${index}<${items}.length;${index}++){${this.#turn}const ${item}=${items}[${index}];${step}${inner}}`;
  }

  #loopBody(body: readonly Statement[], target: Target, wantsLoop: boolean): string {
    const scope = this.#scope as Scope;
    const own = new Set([...targetNames(target), ...(wantsLoop ? ['loop'] : [])]);
    let declarations = '';
    for (const name of assignedNames(body)) if (!own.has(name)) declarations += this.#declare(scope, name);
    return declarations + this.#statements(body);
  }

  #assign(target: Target, code: string): string {
    if (target.kind === 'name') {
      const found = this.#find(target.name) as { id: string };
      return `${found.id}=${code};`;
    }
    if (target.kind === 'namespace')
      return `R.setAttribute(${this.#read(target.name)},${quote(target.attribute)},${code});`;
    const parts = this.#id('u');
    const assignments = target.items.map((item, i) => this.#assign(item, `${parts}[${i}]`)).join('');
    return `const ${parts}=R.unpack(${code},${target.items.length});${assignments}`;
  }

  /** The text a body makes, in a buffer of its own; `use` gets the buffer's name. */
  #captured(body: readonly Statement[], use: (text: string) => string): string {
    const buffer = this.#id('b');
    const outer = { out: this.#out, isList: this.#outIsList };
    this.#out = buffer;
    this.#outIsList = false;
    const code = this.#scoped(body);
    this.#out = outer.out;
    this.#outIsList = outer.isList;
    return `let ${buffer}="";{${code}}${use(buffer)}`;
  }

  #setBlock({ target, filter, body }: Extract<Statement, { kind: 'set-block' }>): string {
    return this.#captured(body, (text) => {
      const value = this.#escape ? `R.markup(${text},${this.#escape})` : text;
      return filter
        ? `{const k=${value};${this.#assign(target, this.#expression(filter))}}`
        : this.#assign(target, value);
    });
  }

  #with({ assignments, body }: Extract<Statement, { kind: 'with' }>): string {
    const values = assignments.map(([, value]) => ({ id: this.#id('w'), code: this.#expression(value) }));
    const scope: Scope = { names: new Map(), outer: this.#scope };
    const names = new Set([...assignments.flatMap(([target]) => targetNames(target)), ...assignedNames(body)]);
    let code = values.map(({ id, code: value }) => `const ${id}=${value};`).join('');
    for (const name of names) code += this.#declare(scope, name);
    this.#scope = scope;
    code += assignments.map(([target], i) => this.#assign(target, (values[i] as { id: string }).id)).join('');
    code += this.#statements(body);
    this.#scope = scope.outer;
    return `{${code}}`;
  }

  #autoescape({ value, body }: Extract<Statement, { kind: 'autoescape' }>): string {
    const outer = this.#escape;
    const flag = this.#id('a');
    const code = `const ${flag}=R.truth(${this.#expression(value)});`;
    this.#escape = flag;
    const inner = this.#scoped(body);
    this.#escape = outer;
    return `{${code}${inner}}`;
  }

  #macro({ name, signature, body, uses }: MacroStatement): string {
    return this.#callable(name, signature, body, uses);
  }

  #callable(name: string | null, signature: Signature, body: readonly Statement[], uses: ReadonlySet<string>): string {
    const scope: Scope = { names: new Map(), outer: this.#scope };
    const outer = { isList: this.#outIsList, soft: this.#soft };
    this.#outIsList = false;
    this.#scope = scope;
    const special = ['caller', 'kwargs', 'varargs'].filter(
      (word) => uses.has(word) && !signature.parameters.includes(word),
    );
    const code = this.#functionBody({
      name: name === null ? '' : `macro ${this.#shownName(name)}`,
      signature: '',
      out: '""',
      make: () => this.#parameters(scope, signature, special) + this.#macroStatements(scope, body),
    });
    this.#scope = scope.outer;
    this.#outIsList = outer.isList;
    this.#soft = outer.soft;
    const shape = `{name:${name === null ? 'null' : quote(name)},parameters:${JSON.stringify(signature.parameters)},special:${JSON.stringify(special)},explicitCaller:${signature.parameters.includes('caller')}}`;
    return `R.macro(${shape},${this.#function}(g)=>${code})`;
  }

  #shownName(name: string): string {
    const { macroPrefix } = this.#options;
    return name.startsWith(macroPrefix) ? name.slice(macroPrefix.length) : name;
  }

  #parameters(scope: Scope, { parameters, defaults }: Signature, special: readonly string[]): string {
    let code = '';
    for (const [i, name] of parameters.entries()) {
      const id = this.#id('v');
      const fallback = defaults[i - (parameters.length - defaults.length)];
      const value = fallback ? this.#expression(fallback) : `R.missing(${quote(name)})`;
      code += `let ${id}=g[${i}];if(${id}===undefined)${id}=${value};`;
      scope.names.set(name, { id, sure: true });
    }
    for (const [i, name] of special.entries()) {
      const id = this.#id('v');
      scope.names.set(name, { id, sure: true });
      code += `let ${id}=g[${parameters.length + i}];`;
    }
    return code;
  }

  #macroStatements(scope: Scope, body: readonly Statement[]): string {
    let declarations = '';
    for (const name of assignedNames(body)) if (!scope.names.has(name)) declarations += this.#declare(scope, name);
    return declarations + this.#statements(body);
  }

  #callBlock({ at, signature, value, body }: Extract<Statement, { kind: 'call-block' }>): string {
    if (value.kind !== 'call') return this.#options.fail('expected call', at);
    const uses = new Set(['caller', 'kwargs', 'varargs'].filter((word) => usesName(body, word)));
    const caller = this.#callable(null, signature, body, uses);
    return `p=${at};${this.#emit(`R.called(${this.#call(value.of, value.call, value.at, caller)})`)}`;
  }

  #args(call: CallArguments): string {
    const args = call.args.map((arg) => this.#expression(arg));
    if (call.spreadArgs) args.push(`...R.list(${this.#expression(call.spreadArgs)})`);
    return `[${args.join(',')}]`;
  }

  #kwargs(call: CallArguments, caller?: string): string {
    if (call.kwargs.length === 0 && !call.spreadKwargs && caller === undefined) return 'N';
    const pairs = call.kwargs.map(([name, value]) => `[${quote(name)},${this.#expression(value)}]`);
    if (caller !== undefined) pairs.push(`["caller",${caller}]`);
    const spread = call.spreadKwargs ? `,${this.#expression(call.spreadKwargs)}` : '';
    return `R.kwargs([${pairs.join(',')}]${spread})`;
  }

  #call(of: Expression, call: CallArguments, at: number, caller?: string): string {
    if (of.kind === 'attribute')
      return this.#awaited(
        `R.method(${this.#expression(of.of)},${quote(of.name)},${this.#args(call)},${this.#kwargs(call, caller)},p=${of.at})`,
      );
    return this.#awaited(`R.call(${this.#expression(of)},${this.#args(call)},${this.#kwargs(call, caller)},p=${at})`);
  }

  /** JavaScript that is true where Python finds the value true. */
  #condition(expression: Expression): string {
    if (expression.kind === 'not') return `!${this.#condition(expression.of)}`;
    if (expression.kind === 'compare' || expression.kind === 'test') return this.#expression(expression);
    return `R.truth(${this.#expression(expression)})`;
  }

  #expression(expression: Expression): string {
    switch (expression.kind) {
      case 'constant':
        return constantCode(expression.value);
      case 'name':
        return this.#read(expression.name);
      case 'list':
        return `[${this.#list(expression.items)}]`;
      case 'tuple':
        return `R.tuple([${this.#list(expression.items)}])`;
      case 'concat':
        return this.#escape
          ? `R.concatEscaped([${this.#list(expression.items)}],${this.#escape})`
          : `(${expression.items.map((item) => `R.str(${this.#expression(item)})`).join('+')})`;
      case 'dict':
        return `R.dict([${expression.pairs.map((pair) => `[${this.#list(pair)}]`).join(',')}],p=${expression.at})`;
      case 'attribute':
        return `R.attr(${this.#expression(expression.of)},${quote(expression.name)},p=${expression.at})`;
      case 'item':
        return `R.item(${this.#expression(expression.of)},${this.#expression(expression.key)},p=${expression.at})`;
      case 'slice':
        return `R.slice(${this.#expression(expression.of)},${expression.bounds.map((bound) => (bound ? this.#expression(bound) : 'null')).join(',')},p=${expression.at})`;
      case 'call':
        return this.#call(expression.of, expression.call, expression.at);
      case 'filter':
        return this.#filter(expression);
      case 'test':
        return this.#test(expression);
      default:
        return this.#operation(expression);
    }
  }

  #operation(expression: Expression): string {
    switch (expression.kind) {
      case 'not':
        return `!${this.#condition(expression.of)}`;
      case 'unary':
        return `R.unary(${quote(expression.operator)},${this.#expression(expression.of)},p=${expression.at})`;
      case 'binary':
        return `R.binary(${quote(expression.operator)},${this.#expression(expression.left)},${this.#expression(expression.right)},p=${expression.at})`;
      case 'and':
      case 'or': {
        const left = this.#temporary();
        const test = `R.truth(${left}=${this.#expression(expression.left)})`;
        const right = this.#expression(expression.right);
        return expression.kind === 'and' ? `(${test}?${right}:${left})` : `(${test}?${left}:${right})`;
      }
      case 'compare':
        return this.#compare(expression);
      case 'conditional':
        return this.#softly(() => {
          const otherwise = expression.otherwise ? this.#expression(expression.otherwise) : 'R.noElse()';
          return `(${this.#condition(expression.test)}?${this.#expression(expression.then)}:${otherwise})`;
        });
    }
    return this.#options.fail(`unexpected expression ${expression.kind}`, expression.at);
  }

  #temporary(): string {
    const id = this.#id('h');
    this.#temporaries.push(id);
    return id;
  }

  #compare({ first, rest, at }: Extract<Expression, { kind: 'compare' }>): string {
    let left = this.#expression(first);
    const parts: string[] = [];
    for (const [i, [operator, operand]] of rest.entries()) {
      let right = this.#expression(operand);
      let next = '';
      if (i < rest.length - 1) {
        next = this.#temporary();
        right = `${next}=${right}`;
      }
      parts.push(`R.compare(${quote(operator)},${left},${right},p=${at})`);
      left = next;
    }
    return parts.length === 1 ? (parts[0] as string) : `(${parts.join('&&')})`;
  }

  #list(items: readonly Expression[]): string {
    return items.map((item) => this.#expression(item)).join(',');
  }

  #filter(expression: Extract<Expression, { kind: 'filter' | 'test' }>): string {
    const { name, of, call, at } = expression;
    if (!this.#options.hasFilter(name) && !this.#soft) this.#options.fail(`No filter named '${name}'.`, at);
    const input = of ? this.#expression(of) : 'k';
    return `R.applyFilter(${quote(name)},${input},${this.#args(call)},${this.#kwargs(call)},p=${at})`;
  }

  #test(expression: Extract<Expression, { kind: 'filter' | 'test' }>): string {
    const { name, of, call, at } = expression;
    if (!this.#options.hasTest(name) && !this.#soft) this.#options.fail(`No test named '${name}'.`, at);
    return `R.applyTest(${quote(name)},${of ? this.#expression(of) : 'null'},${this.#args(call)},${this.#kwargs(call)},p=${at})`;
  }
}
