import { quoteIdentifier, quoteLiteral } from '../../sql.ts';

/** A type as DuckDB writes it, taken apart where values lie inside it. */
export type JsonType =
  | { readonly kind: 'plain'; readonly name: string }
  | { readonly kind: 'list'; readonly of: JsonType; readonly length: string }
  | { readonly kind: 'map'; readonly key: string; readonly of: JsonType }
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [name: string, type: JsonType])[] };

/** The way from a column to a value inside it: a field, or each element of a list or map. */
export type Step = { readonly field: string } | 'element' | 'value';

export function parseType(text: string): JsonType {
  const list = /^([\s\S]*)(\[\d*\])$/.exec(text);
  if (list !== null) return { kind: 'list', of: parseType(list[1] as string), length: list[2] as string };
  const outer = /^(STRUCT|MAP)\(([\s\S]*)\)$/.exec(text);
  if (outer === null) return { kind: 'plain', name: text };
  const parts = splitParts(outer[2] as string);
  if (outer[1] === 'MAP') return { kind: 'map', key: parts[0] as string, of: parseType(parts[1] as string) };
  return { kind: 'struct', fields: parts.map(parseField) };
}

/** At commas that are in no brackets and no quotes. */
function splitParts(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[(),]/g)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token !== ',' || depth > 0) continue;
    parts.push(text.slice(start, index).trim());
    start = index + 1;
  }
  return [...parts, text.slice(start).trim()];
}

function parseField(text: string): readonly [string, JsonType] {
  const quoted = /^"((?:[^"]|"")*)"\s+([\s\S]*)$/.exec(text);
  if (quoted !== null) return [(quoted[1] as string).replaceAll('""', '"'), parseType(quoted[2] as string)];
  const space = text.indexOf(' ');
  return [text.slice(0, space), parseType(text.slice(space + 1))];
}

export function formatType(type: JsonType): string {
  switch (type.kind) {
    case 'plain':
      return type.name;
    case 'list':
      return formatType(type.of) + type.length;
    case 'map':
      return `MAP(${type.key}, ${formatType(type.of)})`;
    case 'struct':
      return `STRUCT(${type.fields.map(([name, of]) => `${quoteIdentifier(name)} ${formatType(of)}`).join(', ')})`;
  }
}

/** The ways to all values of the plain type `name`. */
export function waysTo(name: string, type: JsonType): readonly (readonly Step[])[] {
  switch (type.kind) {
    case 'plain':
      return type.name === name ? [[]] : [];
    case 'list':
      return waysTo(name, type.of).map((way) => ['element', ...way]);
    case 'map':
      return waysTo(name, type.of).map((way) => ['value', ...way]);
    case 'struct':
      return type.fields.flatMap(([field, of]) => waysTo(name, of).map((way) => [{ field }, ...way]));
  }
}

/** The type with another plain one at the end of the way. */
export function withType(type: JsonType, [step, ...rest]: readonly Step[], name: string): JsonType {
  if (step === undefined) return { kind: 'plain', name };
  if (type.kind === 'list' || type.kind === 'map') return { ...type, of: withType(type.of, rest, name) };
  if (type.kind === 'plain' || typeof step === 'string') return type;
  const fields = type.fields.map(
    ([field, of]) => [field, field === step.field ? withType(of, rest, name) : of] as const,
  );
  return { kind: 'struct', fields };
}

/** SQL: the list of all values at the end of the way. */
export function valuesAt(value: string, [step, ...rest]: readonly Step[], depth = 0): string {
  if (step === undefined) return `[${value}]`;
  if (typeof step === 'object') return valuesAt(`struct_extract(${value}, ${quoteLiteral(step.field)})`, rest, depth);
  const list = step === 'value' ? `map_values(${value})` : value;
  if (rest.length === 0) return list;
  return `flatten(list_transform(${list}, lambda v${depth}: ${valuesAt(`v${depth}`, rest, depth + 1)}))`;
}
