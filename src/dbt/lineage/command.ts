import { failureText } from '../context/template-errors.ts';
import { writeArtifact } from '../run/artifact.ts';
import type { ProjectLineage } from '../run/lineage.ts';
import type { RunSession } from '../run/session.ts';
import { projectLineage } from './lineage.ts';
import { columnTree, lineageArtifact, lineageText } from './tell.ts';

/** Reads the lineage of compiled nodes and writes column_lineage.json. */
export async function makeLineage(session: RunSession, ids: readonly string[]): Promise<ProjectLineage> {
  const lineage = await projectLineage(session, ids);
  session.lineage = lineage;
  if (session.flags.writeJson) writeArtifact(session, 'column_lineage.json', lineageArtifact(session, lineage));
  return lineage;
}

/** The same beside another command, which it never fails. */
export async function addLineage(session: RunSession, ids: readonly string[]): Promise<void> {
  try {
    await makeLineage(session, ids);
  } catch (error) {
    session.log.fire({ name: 'LineageNotRead', level: 'debug', msg: failureText(error, undefined) });
  }
}

interface Told {
  readonly wanted: ReadonlySet<string>;
  /** `model.column` */
  readonly column: string | undefined;
  readonly json: boolean;
}

/** Prints the lineage of the wanted nodes, or of one column down to where it comes from. */
export function tellLineage(session: RunSession, lineage: ProjectLineage, { wanted, column, json }: Told): void {
  const only = <T>(all: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...all].filter(([id]) => wanted.has(id)));
  const shown = { nodes: only(lineage.nodes), unknown: only(lineage.unknown) };
  const artifact = lineageArtifact(session, shown);
  const plain = column === undefined ? lineageText(shown) : columnTree(lineage, column);
  session.log.fire({
    name: 'ColumnLineage',
    level: 'info',
    msg: json ? JSON.stringify(artifact, null, 2) : plain,
    data: artifact,
  });
}
