import { toJson } from '../library/json.ts';
import { asIndex, readArguments } from '../operations/arguments.ts';
import type { Filter } from '../runtime-types.ts';
import { Markup } from '../values/sequences.ts';

const HTML: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', "'": '\\u0027' };

/** JSON that is safe inside HTML, keys sorted, as Jinja's filter makes it. */
export const tojson: Filter = (_runtime, value, args, kwargs) => {
  const { indent } = readArguments('do_tojson', ['value', 'indent'], [value, ...args], kwargs, { indent: null });
  const text = toJson(value, { sortKeys: true, indent: indent === null ? undefined : asIndex(indent) });
  return new Markup(text.replace(/[<>&']/g, (character) => HTML[character] as string));
};
