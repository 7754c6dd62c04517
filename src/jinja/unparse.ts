/** Expressions back to text, as dbt keeps them: what it has a spelling for is spelled, the rest is its syntax tree. */
import type { CallArguments, CallExpression, CompareOperator, Constant, Expression } from './ast.ts';
import type { Template } from './render.ts';
import { PyFloat } from './values/float.ts';
import { repr } from './values/text.ts';

/** The keywords of the call that a template `{{ name(...) }}` is; undefined for any other template. */
export function keywordTexts({ program }: Template, name: string): ReadonlyMap<string, string> | undefined {
  const [statement] = program.ast.body;
  if (statement?.kind !== 'output' || statement.value.kind !== 'call') return undefined;
  const { of, call } = statement.value;
  if (of.kind !== 'name' || of.name !== name) return undefined;
  return new Map(call.kwargs.map(([key, value]) => [key, plainText(value) ?? spelled(value)]));
}

/** Text alone stands without its quotes. */
const plainText = (value: Expression): string | undefined =>
  value.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;

const constant = (value: Constant): string =>
  repr(typeof value === 'object' && value !== null ? new PyFloat(value.float) : value);
const list = (items: readonly Expression[], write: (item: Expression) => string): string => items.map(write).join(', ');

function spelled(node: Expression): string {
  switch (node.kind) {
    case 'constant':
      return constant(node.value);
    case 'name':
      return node.name;
    case 'list':
      return `[${list(node.items, spelled)}]`;
    case 'tuple':
      return `(${list(node.items, spelled)}${node.items.length === 1 ? ',' : ''})`;
    case 'concat':
      return node.items.map(spelled).join(' ~ ');
    case 'dict':
      return `{${node.pairs.map(([key, value]) => `${spelled(key)}: ${spelled(value)}`).join(', ')}}`;
    case 'attribute':
      return `${spelled(node.of)}.${node.name}`;
    case 'item':
      return `${spelled(node.of)}[${spelled(node.key)}]`;
    case 'slice':
      return `${spelled(node.of)}[${sliceTree(node.bounds)}]`;
    case 'call':
      return spelledCall(node);
    case 'not':
      return `not ${spelled(node.of)}`;
    case 'and':
    case 'or':
      return `${spelled(node.left)} ${node.kind} ${spelled(node.right)}`;
    case 'compare':
      return [spelled(node.first), ...node.rest.map(([operator, other]) => `${operator} ${spelled(other)}`)].join(' ');
    case 'unary':
      return node.operator === '-' ? `-${spelled(node.of)}` : tree(node);
    default:
      return tree(node);
  }
}

function spelledCall({ of, call }: CallExpression): string {
  const parts = [
    ...call.args.map(spelled),
    ...call.kwargs.map(([key, value]) => `${key}=${spelled(value)}`),
    ...(call.spreadArgs === undefined ? [] : [`*${spelled(call.spreadArgs)}`]),
    ...(call.spreadKwargs === undefined ? [] : [`**${spelled(call.spreadKwargs)}`]),
  ];
  return `${spelled(of)}(${parts.join(', ')})`;
}

const operandNames: Readonly<Record<CompareOperator, string>> = {
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'lteq',
  '>': 'gt',
  '>=': 'gteq',
  in: 'in',
  'not in': 'notin',
};
const binaryNames = {
  '+': 'Add',
  '-': 'Sub',
  '*': 'Mul',
  '/': 'Div',
  '//': 'FloorDiv',
  '%': 'Mod',
  '**': 'Pow',
} as const;

/** A node as Jinja prints it. */
function tree(node: Expression): string {
  switch (node.kind) {
    case 'constant':
      return `Const(value=${constant(node.value)})`;
    case 'name':
      return `Name(name=${repr(node.name)}, ctx='load')`;
    case 'list':
      return `List(items=[${list(node.items, tree)}])`;
    case 'tuple':
      return `Tuple(items=[${list(node.items, tree)}], ctx='load')`;
    case 'concat':
      return `Concat(nodes=[${list(node.items, tree)}])`;
    case 'dict':
      return `Dict(items=[${node.pairs.map(([key, value]) => `Pair(key=${tree(key)}, value=${tree(value)})`).join(', ')}])`;
    case 'attribute':
      return `Getattr(node=${tree(node.of)}, attr=${repr(node.name)}, ctx='load')`;
    case 'item':
      return `Getitem(node=${tree(node.of)}, arg=${tree(node.key)}, ctx='load')`;
    case 'slice':
      return `Getitem(node=${tree(node.of)}, arg=${sliceTree(node.bounds)}, ctx='load')`;
    case 'call':
      return `Call(node=${tree(node.of)}, ${callTree(node.call)})`;
    case 'filter':
    case 'test':
      return `${node.kind === 'filter' ? 'Filter' : 'Test'}(node=${maybe(node.of)}, name=${repr(node.name)}, ${callTree(node.call)})`;
    case 'not':
      return `Not(node=${tree(node.of)})`;
    case 'unary':
      return `${node.operator === '-' ? 'Neg' : 'Pos'}(node=${tree(node.of)})`;
    case 'binary':
      return `${binaryNames[node.operator]}(left=${tree(node.left)}, right=${tree(node.right)})`;
    case 'and':
    case 'or':
      return `${node.kind === 'and' ? 'And' : 'Or'}(left=${tree(node.left)}, right=${tree(node.right)})`;
    case 'compare':
      return `Compare(expr=${tree(node.first)}, ops=[${node.rest.map(([operator, other]) => `Operand(op='${operandNames[operator]}', expr=${tree(other)})`).join(', ')}])`;
    case 'conditional':
      return `CondExpr(test=${tree(node.test)}, expr1=${tree(node.then)}, expr2=${maybe(node.otherwise)})`;
  }
}

function sliceTree(bounds: readonly (Expression | undefined)[]): string {
  const [start, stop, step] = [0, 1, 2].map((at) => maybe(bounds[at]));
  return `Slice(start=${start}, stop=${stop}, step=${step})`;
}

const maybe = (node: Expression | undefined): string => (node === undefined ? 'None' : tree(node));

function callTree({ args, kwargs, spreadArgs, spreadKwargs }: CallArguments): string {
  const keywords = kwargs.map(([key, value]) => `Keyword(key=${repr(key)}, value=${tree(value)})`).join(', ');
  return `args=[${list(args, tree)}], kwargs=[${keywords}], dyn_args=${maybe(spreadArgs)}, dyn_kwargs=${maybe(spreadKwargs)}`;
}
