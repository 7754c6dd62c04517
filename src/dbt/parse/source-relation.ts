import { DuckhouseError } from '../../errors.ts';
import {
  formatMapping,
  formatPercent,
  fromJs,
  keyError,
  type PyDict,
  PyError,
  str,
  type Value,
} from '../../jinja/index.ts';
import type { Dict, SourceNode } from '../manifest-types.ts';
import { isText } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { configKindOf } from './config-kinds.ts';
import { quotingOf, renderRelation } from './relation-name.ts';

/** The source as SQL: its table, or the files that `external_location` names. */
export function sourceRelationName(root: DbtProject, node: SourceNode): string {
  return (
    externalLocation(node) ??
    renderRelation(
      { database: node.database, schema: node.schema, identifier: node.identifier },
      quotingOf(root.quoting, node.quoting),
    )
  );
}

/** What templates may name: the source's own properties, then what the adapter is told. */
function sourceValues(node: SourceNode): Dict {
  const { name, identifier, schema, database, tags } = node;
  return { name, identifier, schema, database, tags, ...adapterMeta(node) };
}

/** What a source tells the adapter: its meta, then the configs that dbt does not know. */
export function adapterMeta(node: SourceNode): Dict {
  const known = configKindOf('source').defaults;
  const extra = Object.entries(node.config).filter(([key]) => !(key in known));
  return { ...node.meta, ...Object.fromEntries(extra) };
}

/** The plugin that reads the source. */
export function pluginOf(node: SourceNode): string | undefined {
  const { plugin } = adapterMeta(node);
  return isText(plugin) ? plugin : undefined;
}

/** A quoted path, or a function call; undefined when the source is an ordinary table. */
export function externalLocation(node: SourceNode): string | undefined {
  const values = sourceValues(node);
  const { external_location: template, formatter = 'newstyle' } = values;
  if (!isText(template) || isText(values.plugin)) return undefined;
  const format = formatters.get(String(formatter));
  if (format === undefined)
    throw new DuckhouseError(
      'InvalidArgument',
      `${node.unique_id}: formatter '${String(formatter)}' is not one of ${[...formatters.keys()].join(', ')}`,
    );
  const location = formatted(node, () => format(template, fromJs(values) as PyDict));
  return location.includes('(') || location.startsWith("'") ? location : `'${location}'`;
}

/** The ways of Python to put values into a text, as dbt-duckdb names them. */
const formatters = new Map<string, (template: string, values: PyDict) => string>([
  ['newstyle', formatMapping],
  ['oldstyle', formatPercent],
  [
    'template',
    (template, values) =>
      template.replace(/\$\$|\$\{(\w+)\}|\$(\w+)/g, (text, braced?: string, bare?: string) =>
        text === '$$' ? '$' : str(entryOf(values, (braced ?? bare) as string)),
      ),
  ],
]);

function entryOf(values: PyDict, name: string): Value {
  const found = values.get(name);
  if (found === undefined) throw keyError(name);
  return found;
}

function formatted(node: SourceNode, format: () => string): string {
  try {
    return format();
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    const { unique_id } = node;
    const text =
      error.pyClass === 'KeyError'
        ? `external_location names ${error.message}, which the source does not have`
        : `external_location cannot be formatted: ${error.message}`;
    throw new DuckhouseError('DataInvalid', `${unique_id}: ${text}`, { context: { node: unique_id } });
  }
}
