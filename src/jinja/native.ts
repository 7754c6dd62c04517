import { PyError } from './errors.ts';
import { literalEval } from './literal-eval.ts';
import { TextNode } from './runtime.ts';
import type { Filter } from './runtime-types.ts';
import { PyFloat } from './values/float.ts';
import { PyObject, type Value } from './values/object.ts';
import { str } from './values/text.ts';

type Wanted = 'native' | 'bool' | 'number';

/** Text a native template is asked to evaluate as a Python literal. */
class NativeMarker extends PyObject {
  readonly typeName = 'NativeMarker';
  readonly text: string;
  readonly wanted: Wanted;

  constructor(text: string, wanted: Wanted) {
    super();
    this.text = text;
    this.wanted = wanted;
  }
  override str(): string {
    return this.text;
  }
}

const marker =
  (wanted: Wanted): Filter =>
  (runtime, value) =>
    runtime.native ? new NativeMarker(str(value), wanted) : value;

/** `as_text`, `as_bool`, `as_native`, `as_number`: they say how a native template's only value is read. */
export const NATIVE_FILTERS: readonly (readonly [string, Filter])[] = [
  ['as_text', (runtime, value) => (runtime.native ? new TextNode(str(value)) : value)],
  ['as_native', marker('native')],
  ['as_bool', marker('bool')],
  ['as_number', marker('number')],
  ['is_list', (_runtime, value) => Array.isArray(value)],
];

/** The value of a native template: its only value as it is, or the text of all of them. */
export function nativeValue(nodes: readonly Value[]): Value {
  const [only] = nodes;
  if (only === undefined) return '';
  if (nodes.length > 1) return nodes.map(str).join('');
  if (only instanceof TextNode) return only.text;
  if (!(only instanceof NativeMarker)) return only;
  const evaluated = literalEval(only.text);
  const value = evaluated === undefined ? only.text : evaluated;
  const isNumber = typeof value === 'number' || typeof value === 'bigint' || value instanceof PyFloat;
  const fits = only.wanted === 'native' || (only.wanted === 'bool' ? typeof value === 'boolean' : isNumber);
  if (!fits)
    throw new PyError('JinjaRenderingError', `Could not convert value '${only.text}' into type '${only.wanted}'`);
  return value;
}
