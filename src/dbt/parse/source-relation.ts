import { DuckhouseError } from '../../errors.ts';
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
  const location = formatText(template, String(formatter), values, node);
  return location.includes('(') || location.startsWith("'") ? location : `'${location}'`;
}

function formatText(template: string, formatter: string, values: Dict, node: SourceNode): string {
  const valueOfName = (name: string): string => {
    if (Object.hasOwn(values, name)) return String(values[name]);
    throw new DuckhouseError(
      'DataInvalid',
      `${node.unique_id}: external_location names '${name}', which the source does not have`,
      {
        context: { node: node.unique_id },
      },
    );
  };
  switch (formatter) {
    case 'newstyle':
      return template.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, name: string | undefined) =>
        name === undefined ? whole.charAt(0) : valueOfName(name),
      );
    case 'oldstyle':
      return template.replace(/%%|%\(([^)]*)\)s/g, (_, name: string | undefined) =>
        name === undefined ? '%' : valueOfName(name),
      );
    case 'template':
      return template.replace(/\$\$|\$\{(\w+)\}|\$(\w+)/g, (_, a: string | undefined, b: string | undefined) =>
        a === undefined && b === undefined ? '$' : valueOfName((a ?? b) as string),
      );
    default:
      throw new DuckhouseError(
        'InvalidArgument',
        `${node.unique_id}: formatter '${formatter}' is not one of newstyle, oldstyle, template`,
      );
  }
}
