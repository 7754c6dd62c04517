import { lazyFromJs, PyDict, type Value } from '../../../jinja/index.ts';
import { translateType } from '../../adapter/column.ts';
import type { ManifestNode } from '../../manifest-types.ts';
import { isDict } from '../../plain.ts';
import { configKindOf } from '../config-kinds.ts';

/** Dictionaries of the project's own, which are shown as they are written. */
const asWritten = new Set(['meta', 'unrendered_config', 'column_types', 'grants', 'persist_docs', 'quoting', 'kwargs']);

/** `model` of a template: what is null is left out, and types of columns are spelled as the database does. */
export const modelValue = (node: ManifestNode): Value => PyDict.lazy(() => entriesOf(node));

function* entriesOf(node: ManifestNode): Generator<readonly [Value, Value]> {
  const known = configKindOf(node.resource_type).defaults;
  for (const [key, value] of Object.entries(node)) {
    if (value === null || value === undefined) continue;
    if (key === 'config') yield [key, without(value, (name, item) => item === null && name in known)];
    else if (key === 'columns') yield [key, columnsOf(node)];
    else yield [key, shown(key, value)];
  }
  if (node.compiled_code !== undefined && node.compiled_code !== null) yield ['compiled_sql', node.compiled_code];
}

function columnsOf({ columns, contract }: ManifestNode): Value {
  const isTranslated = contract?.alias_types === true;
  return new PyDict(
    Object.entries(columns).map(([name, column]) => {
      const { data_type: type } = column;
      const spelled = isTranslated && type ? { ...column, data_type: translateType(type) } : column;
      return [name, shown('column', spelled)] as const;
    }),
  );
}

function shown(key: string, value: unknown): Value {
  if (asWritten.has(key)) return lazyFromJs(value);
  if (Array.isArray(value)) return value.map((item) => shown('', item));
  return isDict(value) ? without(value, (_, item) => item === null) : lazyFromJs(value);
}

function without(value: object, isLeftOut: (key: string, value: unknown) => boolean): Value {
  const kept = Object.entries(value).filter(([key, item]) => item !== undefined && !isLeftOut(key, item));
  return new PyDict(kept.map(([key, item]) => [key, shown(key, item)] as const));
}
