import { PyError, valueError } from '../errors.ts';
import type { Args, Value } from '../values/object.ts';
import { repr, str } from '../values/text.ts';
import { formatValue } from './format-spec.ts';

export interface FormatInput {
  readonly args: Args;
  readonly kwargs: { get(key: string): Value | undefined };
  readonly lookUp: {
    attribute(value: Value, name: string): Value;
    item(value: Value, key: Value): Value;
  };
}

/** Python's `text.format(*args, **kwargs)`. */
export function formatString(text: string, input: FormatInput): string {
  const state = { next: 0, mode: '' };
  return formatPart(text, input, state, 0);
}

function formatPart(text: string, input: FormatInput, state: { next: number; mode: string }, depth: number): string {
  if (depth > 2) throw valueError('Max string recursion exceeded');
  let out = '';
  for (let i = 0; i < text.length; ) {
    const character = text[i] as string;
    if ((character === '{' || character === '}') && text[i + 1] === character) {
      out += character;
      i += 2;
    } else if (character === '}') {
      throw valueError("Single '}' encountered in format string");
    } else if (character === '{') {
      const end = fieldEnd(text, i);
      out += formatField(text.slice(i + 1, end), input, state, depth);
      i = end + 1;
    } else {
      out += character;
      i++;
    }
  }
  return out;
}

function fieldEnd(text: string, start: number): number {
  if (start + 1 >= text.length) throw valueError("Single '{' encountered in format string");
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  throw valueError("expected '}' before end of string");
}

const FIELD = /^((?:[^[!:]|\[[^\]]*\])*)(?:!([^:]*))?(?::(.*))?$/s;

function formatField(field: string, input: FormatInput, state: { next: number; mode: string }, depth: number): string {
  const [, name = '', conversion, spec = ''] = FIELD.exec(field) ?? [];
  const value = convert(resolve(name, input, state), conversion);
  return formatValue(value, spec.includes('{') ? formatPart(spec, input, state, depth + 1) : spec);
}

function convert(value: Value, conversion: string | undefined): Value {
  if (conversion === undefined) return value;
  if (conversion === 's') return str(value);
  if (conversion === 'r' || conversion === 'a') return repr(value);
  throw valueError(`Unknown conversion specifier '${conversion}'`);
}

function resolve(name: string, input: FormatInput, state: { next: number; mode: string }): Value {
  const [, first = '', rest = ''] = /^([^.[]*)(.*)$/s.exec(name) ?? [];
  let value = firstValue(first, input, state);
  for (const [, attribute, key] of rest.matchAll(/\.([^.[]+)|\[([^\]]+)\]/gs)) {
    if (attribute !== undefined) value = input.lookUp.attribute(value, attribute);
    else value = input.lookUp.item(value, /^\d+$/.test(key as string) ? Number(key) : (key as string));
  }
  return value;
}

function firstValue(first: string, input: FormatInput, state: { next: number; mode: string }): Value {
  if (first !== '' && !/^\d+$/.test(first)) {
    const found = input.kwargs.get(first);
    if (found === undefined) throw new PyError('KeyError', repr(first));
    return found;
  }
  const mode = first === '' ? 'automatic field numbering' : 'manual field specification';
  if (state.mode !== '' && state.mode !== mode) throw valueError(`cannot switch from ${state.mode} to ${mode}`);
  state.mode = mode;
  const index = first === '' ? state.next++ : Number(first);
  const value = input.args[index];
  if (value === undefined)
    throw new PyError('IndexError', `Replacement index ${index} out of range for positional args tuple`);
  return value;
}
