import type { CallExpression, Expression, Statement } from './ast.ts';
import type { Template } from './render.ts';
import { PyDict } from './values/dict.ts';
import { PyFloat } from './values/float.ts';
import { type Kwargs, NO_KWARGS, type Value } from './values/object.ts';
import { PyTuple } from './values/tuple.ts';

/** A call a template makes with nothing but literals. */
export interface StaticCall {
  readonly name: string;
  readonly args: readonly Value[];
  readonly kwargs: Kwargs;
}

const nothing: ReadonlySet<string> = new Set();

/**
 * The calls of a template that is nothing but text and `{{ name(literals) }}` with names of the given set, in order:
 * what it calls is known then without running it. Undefined for every other template. Functions of `falsities` are
 * known to be false: of `{% if name() %}` the branch is passed over, and the call is among the answers.
 */
export function staticCalls(
  { program }: Template,
  names: ReadonlySet<string>,
  falsities: ReadonlySet<string> = nothing,
): readonly StaticCall[] | undefined {
  const calls: StaticCall[] = [];
  return collect(program.ast.body, { calls, names, falsities }) ? calls : undefined;
}

interface Collecting {
  readonly calls: StaticCall[];
  readonly names: ReadonlySet<string>;
  readonly falsities: ReadonlySet<string>;
}

function collect(body: readonly Statement[], collecting: Collecting): boolean {
  const { calls, names, falsities } = collecting;
  for (const statement of body) {
    if (statement.kind === 'data') continue;
    if (statement.kind === 'if') {
      for (const [condition] of statement.branches) {
        const call = condition.kind === 'call' ? staticCall(condition, falsities) : undefined;
        if (!call || call.args.length > 0 || call.kwargs.size > 0) return false;
        calls.push(call);
      }
      if (!collect(statement.otherwise ?? [], collecting)) return false;
    } else {
      const call =
        statement.kind === 'output' && statement.value.kind === 'call' ? staticCall(statement.value, names) : undefined;
      if (!call) return false;
      calls.push(call);
    }
  }
  return true;
}

function staticCall({ of, call }: CallExpression, names: ReadonlySet<string>): StaticCall | undefined {
  if (of.kind !== 'name' || !names.has(of.name) || call.spreadArgs || call.spreadKwargs) return undefined;
  const args = literals(call.args);
  const values = literals(call.kwargs.map(([, value]) => value));
  if (!args || !values) return undefined;
  const kwargs = values.length === 0 ? NO_KWARGS : new Map(call.kwargs.map(([name], i) => [name, values[i] as Value]));
  return kwargs.size === values.length ? { name: of.name, args, kwargs } : undefined;
}

function literals(expressions: readonly Expression[]): Value[] | undefined {
  const values: Value[] = [];
  for (const expression of expressions) {
    const value = literal(expression);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/** The value of an expression without names, operators, filters and calls. */
function literal(expression: Expression): Value | undefined {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return typeof value === 'object' && value !== null ? new PyFloat(value.float) : value;
    }
    case 'list':
      return literals(expression.items);
    case 'tuple': {
      const items = literals(expression.items);
      return items && new PyTuple(items);
    }
    case 'dict': {
      const keys = literals(expression.pairs.map(([key]) => key));
      const values = literals(expression.pairs.map(([, value]) => value));
      if (!keys || !values || keys.some((key) => Array.isArray(key) || key instanceof PyDict)) return undefined;
      return new PyDict(keys.map((key, i) => [key, values[i] as Value] as const));
    }
  }
  return undefined;
}
