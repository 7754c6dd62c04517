/** What the parser makes of a template. `at` is an offset into the source. */
export type Constant = null | boolean | number | bigint | string | { readonly float: number };

export type Expression =
  | { readonly kind: 'constant'; readonly at: number; readonly value: Constant }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'list' | 'tuple' | 'concat'; readonly at: number; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly at: number; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly at: number; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly at: number; readonly of: Expression; readonly key: Expression }
  | {
      readonly kind: 'slice';
      readonly at: number;
      readonly of: Expression;
      readonly bounds: readonly (Expression | undefined)[];
    }
  | CallExpression
  | {
      readonly kind: 'filter' | 'test';
      readonly at: number;
      readonly name: string;
      /** Absent for the filter of a block: its input is the block's text. */
      readonly of: Expression | undefined;
      readonly call: CallArguments;
    }
  | { readonly kind: 'not'; readonly at: number; readonly of: Expression }
  | { readonly kind: 'unary'; readonly at: number; readonly operator: '-' | '+'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: '+' | '-' | '*' | '/' | '//' | '%' | '**';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'and' | 'or'; readonly at: number; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'compare';
      readonly at: number;
      readonly first: Expression;
      readonly rest: readonly (readonly [CompareOperator, Expression])[];
    }
  | {
      readonly kind: 'conditional';
      readonly at: number;
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | undefined;
    };

export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export interface CallArguments {
  readonly args: readonly Expression[];
  readonly kwargs: readonly (readonly [string, Expression])[];
  readonly spreadArgs: Expression | undefined;
  readonly spreadKwargs: Expression | undefined;
}

export interface CallExpression {
  readonly kind: 'call';
  readonly at: number;
  readonly of: Expression;
  readonly call: CallArguments;
}

export type Target =
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'tuple'; readonly at: number; readonly items: readonly Target[] }
  | { readonly kind: 'namespace'; readonly at: number; readonly name: string; readonly attribute: string };

export interface Signature {
  readonly parameters: readonly string[];
  /** The defaults of the last parameters. */
  readonly defaults: readonly Expression[];
}

export type Statement =
  | { readonly kind: 'data'; readonly at: number; readonly text: string }
  | { readonly kind: 'output'; readonly at: number; readonly value: Expression }
  | { readonly kind: 'do'; readonly at: number; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly at: number;
      readonly branches: readonly (readonly [Expression, readonly Statement[]])[];
      readonly otherwise: readonly Statement[] | undefined;
    }
  | ForStatement
  | { readonly kind: 'set'; readonly at: number; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'set-block';
      readonly at: number;
      readonly target: Target;
      readonly filter: Expression | undefined;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'filter-block';
      readonly at: number;
      readonly filter: Expression;
      readonly body: readonly Statement[];
    }
  | MacroStatement
  | {
      readonly kind: 'call-block';
      readonly at: number;
      readonly signature: Signature;
      readonly value: Expression;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'with';
      readonly at: number;
      readonly assignments: readonly (readonly [Target, Expression])[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'autoescape';
      readonly at: number;
      readonly value: Expression;
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'load'; readonly at: number; readonly tag: string }
  | { readonly kind: 'break' | 'continue'; readonly at: number };

export interface ForStatement {
  readonly kind: 'for';
  readonly at: number;
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | undefined;
  readonly recursive: boolean;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[] | undefined;
}

export interface MacroStatement {
  readonly kind: 'macro';
  readonly at: number;
  readonly name: string;
  readonly signature: Signature;
  readonly body: readonly Statement[];
  /** Names used in the body, so that `caller`, `varargs` and `kwargs` exist only where they are wanted. */
  readonly uses: ReadonlySet<string>;
}

export interface TemplateAst {
  readonly body: readonly Statement[];
}
