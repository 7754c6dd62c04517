import path from 'node:path';

interface NodeFile {
  readonly package_name: string;
  readonly path: string;
  readonly original_file_path: string;
}

/**
 * Where a node's text goes under the target folder, relative to the project: in the place of its file, or inside a
 * folder named as the file when one file holds many nodes. `suffix` tells the batches of a node apart.
 */
export function artifactPath(target: string, folder: 'compiled' | 'run', node: NodeFile, suffix?: string): string {
  const own =
    path.basename(node.path) === path.basename(node.original_file_path)
      ? node.original_file_path
      : path.join(node.original_file_path, node.path);
  const { dir, name, ext } = path.parse(own);
  const file = suffix === undefined ? own : path.join(dir, name, `${name}_${suffix}${ext}`);
  return path.join(target, folder, node.package_name, file);
}
