import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileOf } from '../check/schemas.ts';
import type { ManifestNode } from '../manifest-types.ts';
import type { RunSession } from '../run/session.ts';

export const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);

const builtIn = new Set(['dbt', 'dbt_duckdb']);

/** Of all that a node's relation follows from, beside what it reads. The node must have been compiled. */
export function fingerprintOf(session: RunSession, node: ManifestNode): string {
  const { parsed, flags } = session;
  const hooks = [...(node.config['pre-hook'] ?? []), ...(node.config['post-hook'] ?? [])];
  return digest([
    parsed.manifest.metadata.dbt_version,
    node.unique_id,
    node.relation_name,
    node.resource_type === 'seed' ? fileDigest(fileOf(parsed, node)) : (node.compiled_code ?? ''),
    node.config,
    node.columns,
    node.constraints ?? null,
    macroTexts(session, node),
    // Hooks are rendered when they run: what they may ask for counts.
    hooks.length > 0 ? (flags.args.vars ?? null) : null,
  ]);
}

const fileDigest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/** The project's own macros that a node calls, directly or not, and its materialization. */
function macroTexts({ parsed }: RunSession, node: ManifestNode): readonly string[] {
  const { macros } = parsed.manifest;
  const own = parsed.macros.materialization(node.resource_type === 'test' ? 'test' : node.config.materialized);
  const found = new Map<string, string>();
  const stack = [...node.depends_on.macros, ...(own === undefined ? [] : [own.unique_id])];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    const macro = macros[id];
    if (macro === undefined || found.has(id)) continue;
    found.set(id, builtIn.has(macro.package_name) ? '' : macro.macro_sql);
    stack.push(...macro.depends_on.macros);
  }
  return [...found.entries()]
    .filter(([, text]) => text !== '')
    .map(([id, text]) => `${id}\n${text}`)
    .sort();
}

/** Text whose rows may be others although all it names is the same: the time, chance, files, settings. */
const restless = new RegExp(
  [
    /\b(current_date|current_timestamp|current_time|localtime|localtimestamp)\b/,
    /\b(now|today|get_current_\w+|transaction_timestamp|age|random|setseed|uuid|uuidv\d|gen_random_uuid|nextval|currval)\s*\(/,
    /\b(getvariable|getenv|current_setting|query|query_table|read_\w+|\w+_scan|sniff_csv|glob)\s*\(/,
    /\b(from|join)\s*\(?\s*'/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/** Whether the rows of a node follow from its fingerprint and what it reads. */
export function isSteady(node: ManifestNode): boolean {
  if (node.resource_type === 'seed') return true;
  const { materialized, incremental_strategy: strategy } = node.config;
  if (node.language === 'python' || strategy === 'microbatch') return false;
  if (node.resource_type !== 'test' && !['table', 'view', 'incremental', 'snapshot'].includes(materialized))
    return false;
  return !restless.test(node.compiled_code ?? '');
}
