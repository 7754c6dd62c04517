import { DuckhouseError, nearestNames } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import type { ColumnLineage, NodeLineage, ProjectLineage, UpstreamColumn } from '../run/lineage.ts';
import { artifactMetadata } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';

/** The content of column_lineage.json. */
export function lineageArtifact({ parsed }: RunSession, { nodes, unknown }: ProjectLineage): Dict {
  const { metadata } = parsed.manifest;
  const { dbt_schema_version: _schema, ...facts } = artifactMetadata('column-lineage/v1', {
    dbtVersion: metadata.dbt_version,
    invocationId: parsed.invocationId,
    invocationStartedAt: parsed.runStartedAt,
    env: metadata.env,
  });
  const columnsOf = ({ columns }: NodeLineage): Dict =>
    Object.fromEntries(columns.map(({ name, type, upstream }) => [name, { type, upstream }]));
  return {
    metadata: facts,
    nodes: Object.fromEntries(
      [...nodes].map(([id, node]) => [
        id,
        { relation: node.relation, columns: columnsOf(node), filters: node.filters },
      ]),
    ),
    unknown: Object.fromEntries(unknown),
  };
}

const shortName = (id: string): string => id.split('.').slice(2).join('.');
const nameOf = ({ node, relation, column }: UpstreamColumn): string =>
  `${node === null ? relation : shortName(node)}.${column}`;
const marks = { passthrough: '=', transformed: '~' } as const;

/** Each column of each node with the columns it comes from: `=` as they are, `~` changed. */
export function lineageText({ nodes, unknown }: ProjectLineage): string {
  const blocks = [...nodes].map(([id, { columns, filters }]) => {
    const width = Math.max(0, ...columns.map(({ name }) => name.length));
    const lines = columns.map(({ name, upstream }) => {
      const sources = upstream.map((one) => `${marks[one.kind]} ${nameOf(one)}`);
      return `  ${name.padEnd(width)}  ${sources.join(', ')}`.trimEnd();
    });
    const rows = filters.length === 0 ? [] : [`  (${filters.map(nameOf).join(', ')})`];
    return [shortName(id), ...lines, ...rows].join('\n');
  });
  const rest = [...unknown].map(([id, reason]) => `${shortName(id)}: ${reason}`);
  return [...blocks, ...rest].join('\n');
}

/** One column and all it comes from, down to the sources. Throws NotFound for a name that is none. */
export function columnTree(lineage: ProjectLineage, wanted: string): string {
  const { id, column } = findColumn(lineage, wanted);
  const lines: string[] = [];
  const visit = (
    at: { readonly id: string | null; readonly column: ColumnLineage | undefined; readonly text: string },
    trail: readonly string[],
  ): void => {
    lines.push(`${'  '.repeat(trail.length)}${at.text}`);
    for (const one of at.column?.upstream ?? []) {
      const key = `${one.node} ${one.column}`;
      if (trail.includes(key)) continue;
      const next = one.node === null ? undefined : columnNamed(lineage.nodes.get(one.node), one.column);
      visit({ id: one.node, column: next, text: `${marks[one.kind]} ${nameOf(one)}` }, [...trail, key]);
    }
  };
  visit({ id, column, text: `${shortName(id)}.${column.name}` }, []);
  return lines.join('\n');
}

const columnNamed = (node: NodeLineage | undefined, name: string): ColumnLineage | undefined =>
  node?.columns.find((one) => one.name.toLowerCase() === name.toLowerCase());

function findColumn(lineage: ProjectLineage, wanted: string): { readonly id: string; readonly column: ColumnLineage } {
  const names: string[] = [];
  for (const [id, node] of lineage.nodes)
    for (const column of node.columns) {
      const name = `${shortName(id)}.${column.name}`;
      if (name.toLowerCase() === wanted.toLowerCase()) return { id, column };
      names.push(name);
    }
  throw new DuckhouseError('NotFound', `no column ${wanted} in the models that were read`, {
    context: { candidates: nearestNames(wanted, names) },
  });
}
