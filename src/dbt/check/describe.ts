import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DuckhouseError } from '../../errors.ts';
import { databaseErrorText } from '../adapter/database.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { artifactPath } from '../paths.ts';
import type { CheckProblem } from '../run/problem.ts';
import type { RunSession } from '../run/session.ts';
import { lineAt, locate } from './locate.ts';
import { fileOf } from './schemas.ts';

interface Failed {
  /** The compiled text, ephemeral models in front. */
  readonly sql: string;
  /** Its `position` counts from the start of `sql`. */
  readonly error: DuckhouseError;
}

/** An error of DuckDB with the file and line of the project it comes from. */
export function describeProblem(session: RunSession, node: ManifestNode, { sql, error }: Failed): CheckProblem {
  const { position } = error.context;
  const place = typeof position === 'number' ? placeOf(session, node, { sql, position }) : node.original_file_path;
  // What is near by name is told of the empty tables, not of the database.
  const text = databaseErrorText(error, sql).replace(/^(Catalog Error: .*)\nDid you mean .*$/m, '$1');
  return { place, reason: text.split('\n')[0] as string, message: `${text}\n\nat ${place}` };
}

interface At {
  readonly sql: string;
  readonly position: number;
}

function placeOf(session: RunSession, node: ManifestNode, at: At): string {
  const { writer, sql, position } = writerOf(session, node, at);
  const source = fileText(session, writer);
  const start = source?.indexOf(writer.raw_code) ?? -1;
  const found = source === undefined || start < 0 ? undefined : locate(writer.raw_code, sql, position);
  if (source === undefined || found === undefined) {
    const compiled = path.relative(session.parsed.project.root, artifactPath(session.targetPath, 'compiled', node));
    return `${writer.original_file_path} (${compiled}:${lineAt(at.sql, at.position).line + 1})`;
  }
  const before = source.slice(0, start).split('\n');
  const line = before.length - 1 + found.line;
  const column =
    found.column === undefined ? '' : `:${found.column + (found.line === 1 ? (before.at(-1) as string).length : 0)}`;
  return `${writer.original_file_path}:${line}${column}`;
}

/** The node whose text a place is in: the node itself, or an ephemeral model in front of it. */
function writerOf(
  { parsed: { manifest } }: RunSession,
  node: ManifestNode,
  { sql, position }: At,
): At & { readonly writer: ManifestNode } {
  for (const cte of node.extra_ctes ?? []) {
    const model = manifest.nodes[cte.id];
    const at = sql.indexOf(cte.sql);
    if (model === undefined || at < 0) continue;
    const start = Buffer.byteLength(sql.slice(0, at));
    if (position >= start && position < start + Buffer.byteLength(cte.sql))
      return { writer: model, sql: cte.sql, position: position - start };
  }
  return { writer: node, sql, position };
}

function fileText({ parsed }: RunSession, node: ManifestNode): string | undefined {
  try {
    return readFileSync(fileOf(parsed, node), 'utf8').replaceAll('\r\n', '\n');
  } catch {
    return undefined;
  }
}
