import path from 'node:path';

interface NodeFile {
  readonly resource_type?: string;
  readonly name: string;
  readonly package_name: string;
  readonly path: string;
  readonly original_file_path: string;
}

/**
 * Where a node's text goes under the target folder, relative to the project: in the place of its file, or inside a
 * folder named as the file when one file holds many nodes, as files of snapshots may. `suffix` tells the batches of a node apart.
 */
export function artifactPath(target: string, folder: 'compiled' | 'run', node: NodeFile, suffix?: string): string {
  const own = ownPath(node);
  const { dir, name, ext } = path.parse(own);
  const file = suffix === undefined ? own : path.join(dir, name, `${name}_${suffix}${ext}`);
  return path.join(target, folder, node.package_name, file);
}

function ownPath({ resource_type: kind, name, path: own, original_file_path: original }: NodeFile): string {
  if (kind === 'snapshot') return path.join(original, `${name}.sql`);
  return path.basename(own) === path.basename(original) ? original : path.join(original, own);
}
