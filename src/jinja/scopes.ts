import type { CallArguments, Expression, Statement, Target } from './ast.ts';

export function targetNames(target: Target): readonly string[] {
  if (target.kind === 'name') return [target.name];
  return target.kind === 'tuple' ? target.items.flatMap(targetNames) : [];
}

/** The names a body sets in its own scope: branches of `if` share it, loops and blocks have their own. */
export function assignedNames(body: readonly Statement[], found: Set<string> = new Set()): Set<string> {
  for (const statement of body) {
    switch (statement.kind) {
      case 'set':
      case 'set-block':
        for (const name of targetNames(statement.target)) found.add(name);
        break;
      case 'macro':
        found.add(statement.name);
        break;
      case 'if':
        for (const [, branch] of statement.branches) assignedNames(branch, found);
        if (statement.otherwise) assignedNames(statement.otherwise, found);
    }
  }
  return found;
}

/** Whether a body reads a name, in nested blocks too. */
export const usesName = (body: readonly Statement[], name: string): boolean =>
  body.some((statement) => statementUses(statement, name));

function statementUses(statement: Statement, name: string): boolean {
  const uses = (expression: Expression | undefined): boolean =>
    expression !== undefined && expressionUses(expression, name);
  switch (statement.kind) {
    case 'output':
    case 'do':
    case 'set':
      return uses(statement.value);
    case 'if':
      return (
        statement.branches.some(([test, body]) => uses(test) || usesName(body, name)) ||
        (statement.otherwise !== undefined && usesName(statement.otherwise, name))
      );
    case 'for':
      return (
        uses(statement.iterable) ||
        uses(statement.test) ||
        usesName(statement.body, name) ||
        (statement.otherwise !== undefined && usesName(statement.otherwise, name))
      );
    case 'set-block':
      return uses(statement.filter) || usesName(statement.body, name);
    case 'filter-block':
      return uses(statement.filter) || usesName(statement.body, name);
    case 'call-block':
    case 'autoescape':
      return uses(statement.value) || usesName(statement.body, name);
    case 'macro':
      return statement.uses.has(name);
    case 'with':
      return statement.assignments.some(([, value]) => uses(value)) || usesName(statement.body, name);
    default:
      return false;
  }
}

const callUses = (call: CallArguments, name: string): boolean =>
  call.args.some((arg) => expressionUses(arg, name)) ||
  call.kwargs.some(([, value]) => expressionUses(value, name)) ||
  (call.spreadArgs !== undefined && expressionUses(call.spreadArgs, name)) ||
  (call.spreadKwargs !== undefined && expressionUses(call.spreadKwargs, name));

function expressionUses(expression: Expression, name: string): boolean {
  if (expression.kind === 'name') return expression.name === name;
  return (
    childrenOf(expression).some((child) => expressionUses(child, name)) ||
    ('call' in expression && callUses(expression.call, name))
  );
}

/** The expressions directly inside one, those of its call arguments aside. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'constant':
    case 'name':
      return [];
    case 'list':
    case 'tuple':
    case 'concat':
      return expression.items;
    case 'dict':
      return expression.pairs.flat();
    case 'item':
      return [expression.of, expression.key];
    case 'slice':
      return [expression.of, ...expression.bounds.filter((bound) => bound !== undefined)];
    case 'binary':
    case 'and':
    case 'or':
      return [expression.left, expression.right];
    case 'compare':
      return [expression.first, ...expression.rest.map(([, operand]) => operand)];
    case 'conditional':
      return [expression.test, expression.then, ...(expression.otherwise ? [expression.otherwise] : [])];
    default:
      return expression.of ? [expression.of] : [];
  }
}

/** Jinja evaluates such an expression when it compiles: no name and no call is in it. */
export function isConstant(expression: Expression): boolean {
  if (expression.kind === 'name' || expression.kind === 'call') return false;
  if (expression.kind === 'filter' && expression.name === 'random') return false;
  const inCall =
    'call' in expression ? [...expression.call.args, ...expression.call.kwargs.map(([, value]) => value)] : [];
  return childrenOf(expression).every(isConstant) && inCall.every(isConstant);
}
