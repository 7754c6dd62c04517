/** Whether what YAML says of a macro's arguments is what the macro has. */
import type { Dict, MacroNode } from '../manifest-types.ts';
import { isText } from '../plain.ts';

export function argumentProblems({ name, arguments: own }: MacroNode, described: readonly Dict[]): string[] {
  if (described.length === 0) return [];
  const problems = described
    .slice(0, own.length)
    .filter((argument, index) => argument.name !== own[index]?.name)
    .map(
      (argument) => `argument '${argument.name}' of macro '${name}' is not named so in the macro, or not in its place`,
    );
  if (described.length !== own.length)
    problems.push(`macro '${name}' has ${own.length} arguments, ${described.length} are described`);
  for (const argument of described)
    if (isText(argument.type) && argument.type.trim() !== '' && !isType(argument.type))
      problems.push(`argument '${argument.name}' of macro '${name}' has a type that is none: '${argument.type}'`);
  return problems;
}

/** Types, and how many types each takes in its brackets. */
const plain = ['str', 'string', 'bool', 'int', 'integer', 'float', 'any', 'relation', 'column'];
const parameters = new Map<string, number>([
  ...plain.map((name): [string, number] => [name, 0]),
  ['list', 1],
  ['optional', 1],
  ['dict', 2],
]);

const isType = (text: string): boolean => afterType(text.replace(/[ \t]/g, '')) === '';

/** What follows the type that a text begins with; undefined when it begins with none. */
function afterType(text: string): string | undefined {
  const name = /^[a-z]+/.exec(text)?.[0] ?? '';
  const count = parameters.get(name);
  if (count === undefined) return undefined;
  let rest: string | undefined = text.slice(name.length);
  for (let at = 0; at < count && rest !== undefined; at++)
    rest = rest.startsWith(at === 0 ? '[' : ',') ? afterType(rest.slice(1)) : undefined;
  if (count === 0 || rest === undefined) return rest;
  return rest.startsWith(']') ? rest.slice(1) : undefined;
}
