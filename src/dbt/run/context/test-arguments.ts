import {
  bindMacro,
  type Context,
  compileTemplate,
  type Environment,
  fromJs,
  PyDict,
  renderTextAsync,
  returnFunction,
  type Value,
} from '../../../jinja/index.ts';
import type { Dict, ManifestNode } from '../../manifest-types.ts';

/** The name by which the text of a generic test takes its arguments. */
export const testArgumentsName = '_dbt_generic_test_kwargs';

const callText = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;
const oneExpression = /^\{\{((?:(?!\{\{|\}\}|\{%)[\s\S])*)\}\}$/;
const marks = /[{][{%#]|[#}%][}]/;

export interface TestArgumentParts {
  readonly environment: Environment;
  readonly context: Context;
  readonly node: ManifestNode;
}

/** Arguments of a generic test: texts that call `ref` and its like, or hold expressions, become what those give. */
export async function testArguments(parts: TestArgumentParts): Promise<Value> {
  return renderValue(parts, parts.node.test_metadata?.kwargs ?? {}, []);
}

async function renderValue(parts: TestArgumentParts, value: unknown, path: readonly string[]): Promise<Value> {
  if (typeof value === 'string')
    return path.length === 1 && path[0] === 'column_name' ? value : renderText(parts, value);
  if (Array.isArray(value)) {
    const items: Value[] = [];
    for (const [i, item] of value.entries()) items.push(await renderValue(parts, item, [...path, String(i)]));
    return items;
  }
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return fromJs(value);
  const dict = new PyDict();
  for (const [key, item] of Object.entries(value as Dict))
    dict.set(key, await renderValue(parts, item, [...path, key]));
  return dict;
}

async function renderText({ environment, context, node }: TestArgumentParts, written: string): Promise<Value> {
  // A template loses its last line break, with expressions and without.
  const text = written.replace(/\n$/, '');
  const template = callText.test(text) ? `{{ ${text} }}` : text;
  if (!marks.test(template)) return text;
  const label = { path: node.original_file_path, name: `test ${node.name}` };
  const expression = oneExpression.exec(template)?.[1];
  if (expression === undefined) return renderTextAsync(compileTemplate(environment, template, label), context);
  // The value itself, not its text: `return` hands it out of a macro.
  const source = `{% macro argument() %}{{ return(${expression}) }}{% endmacro %}`;
  const scope: Context = { get: (name) => (name === 'return' ? returnFunction : context.get(name)) };
  const macro = bindMacro(compileTemplate(environment, source, label), `${environment.macroPrefix}argument`, scope, {
    async: true,
  });
  return macro.call([], new Map());
}
