/** The manifest as a whole: its metadata, its maps, and its file. */

import path from 'node:path';
import { jsonText } from '../../jinja/index.ts';
import { metadataEnv } from '../context/base-context.ts';
import { md5 } from '../hash.ts';
import type { DbtManifest, Dict, DocNode } from '../manifest-types.ts';
import { addTo } from '../plain.ts';
import type { Invocation, LoadedProjects } from '../project/load.ts';
import type { ParseFlags } from '../project-types.ts';
import { selectorEntries } from '../select/yaml-selectors.ts';
import { dbtVersion, manifestSchema } from '../version.ts';
import { type PutPiece, writeWhole } from '../whole-file.ts';
import type { MemberTexts } from './member-texts.ts';
import { quotingOf } from './relation-name.ts';

/** Microseconds as Python prints them, which these always are zero beyond the millisecond. */
export const isoTime = (date: Date): string => date.toISOString().replace('Z', '000Z');

export function emptyManifest(
  { root }: LoadedProjects,
  flags: ParseFlags,
  { invocationId, runStartedAt }: Invocation,
): DbtManifest {
  return {
    metadata: {
      dbt_schema_version: manifestSchema,
      dbt_version: dbtVersion,
      generated_at: isoTime(new Date()),
      invocation_id: invocationId,
      invocation_started_at: isoTime(runStartedAt),
      env: metadataEnv(flags.env),
      project_name: root.name,
      project_id: md5(root.name),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: 'duckdb',
      quoting: { ...quotingOf(root.quoting), column: null },
      run_started_at: isoTime(runStartedAt).replace('Z', '+00:00'),
    },
    nodes: {},
    sources: {},
    macros: {},
    docs: { [overview.unique_id]: { ...overview } },
    exposures: {},
    metrics: {},
    groups: {},
    selectors: selectorEntries(root),
    disabled: {},
    parent_map: {},
    child_map: {},
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: {},
    functions: {},
  };
}

/** What a documentation page begins with when the project has no such block of its own. */
const overview: DocNode = {
  name: '__overview__',
  resource_type: 'doc',
  package_name: 'dbt',
  path: 'overview.md',
  original_file_path: 'docs/overview.md',
  unique_id: 'doc.dbt.__overview__',
  block_contents:
    'The documentation of this project, made from its files and its database.\n\nWrite a docs block named `__overview__` to begin it with a text of your own.',
};

type Member = { readonly unique_id: string; readonly depends_on?: { readonly nodes?: readonly string[] } };

/** Everything that has a place in the graph, sources included. */
function* graphMembers(manifest: DbtManifest): Generator<Member> {
  for (const part of [
    'nodes',
    'sources',
    'exposures',
    'metrics',
    'semantic_models',
    'saved_queries',
    'unit_tests',
    'functions',
  ] as const) {
    const members = manifest[part] as Dict<Member>;
    for (const id in members) yield members[id] as Member;
  }
}

export function finishMaps(manifest: DbtManifest): void {
  const parents: Dict<string[]> = {};
  const children: Dict<string[]> = {};
  for (const { unique_id: id } of graphMembers(manifest)) children[id] = [];
  for (const { unique_id: id, depends_on: depends } of graphMembers(manifest)) {
    const nodes = depends?.nodes ?? [];
    parents[id] = sorted([...nodes]);
    for (const parent of nodes) addTo(children, parent, id);
  }
  for (const id in children) sorted(children[id] as string[]);
  manifest.parent_map = parents;
  manifest.child_map = children;
  manifest.group_map = groupMap(manifest);
}

/** Sorts in place, unless there is nothing to do. */
function sorted(texts: string[]): string[] {
  for (let at = 1; at < texts.length; at++) if ((texts[at - 1] as string) > (texts[at] as string)) return texts.sort();
  return texts;
}

function groupMap(manifest: DbtManifest): Dict<string[]> {
  const groups: Dict<string[]> = {};
  for (const { name } of Object.values(manifest.groups)) groups[name] = [];
  for (const members of [manifest.nodes, manifest.saved_queries, manifest.semantic_models, manifest.metrics])
    for (const id in members) {
      const { group } = members[id] as { readonly group: string | null };
      if (group) groups[group]?.push(id);
    }
  return groups;
}

/** Keys of nodes that are for running only. */
const hidden = new Set([
  'config_call_dict',
  'defer_relation',
  'batch',
  'tested_node_unique_id',
  'this_input_node_unique_id',
  'expected_rows',
]);

export interface WriteOptions {
  readonly name?: string;
  /** Texts of the manifest that was written last. */
  readonly texts?: MemberTexts | undefined;
  /** Nothing in the manifest will ever change: its texts may be known by it. */
  readonly isKept?: boolean;
}

/** Written piece by piece: the text of a large manifest is never in memory as a whole, unless `texts` keeps it. */
export function writeManifest(
  manifest: DbtManifest,
  folder: string,
  { name = 'manifest.json', texts, isKept = false }: WriteOptions = {},
): string {
  const file = path.join(folder, name);
  writeWhole(file, (write) => {
    let pending = '';
    const flush = (): void => {
      write(pending);
      pending = '';
    };
    const put: PutPiece = (text) => {
      if (typeof text === 'string') {
        pending += text;
        if (pending.length >= 1 << 20) flush();
        return;
      }
      flush();
      write(text);
    };
    for (const part of partTexts(manifest, texts, isKept)) put(part);
    texts?.end();
    flush();
  });
  return file;
}

/** A replacer makes writing slow, so it is used for the few members that need one. */
function memberText(member: object): string {
  for (const key of hidden) if (key in member) return jsonText(member, replacer);
  return jsonText(member);
}

const replacer = (key: string, value: unknown): unknown => {
  if (hidden.has(key)) return undefined;
  return value;
};

/** Parts without keys that are for running only. */
const plainParts: ReadonlySet<string> = new Set(['metadata', 'parent_map', 'child_map', 'group_map']);

function* partTexts(
  manifest: DbtManifest,
  texts: MemberTexts | undefined,
  isKept: boolean,
): Generator<string | Buffer> {
  let between = '{';
  for (const [key, part] of Object.entries(manifest)) {
    yield `${between}${JSON.stringify(key)}: `;
    between = ', ';
    const whole = (): string =>
      plainParts.has(key) ? jsonText(part) : `{${[...memberTexts(part as Dict<object>)].join(', ')}}`;
    if (key === 'metadata') yield whole();
    else if (key === 'nodes') {
      yield '{';
      const members = part as Dict<object>;
      yield* joined(texts === undefined ? memberTexts(members) : texts.pieces(members, memberText, isKept));
      yield '}';
    } else yield texts !== undefined && isKept ? texts.ofPart(key, part, whole) : whole();
  }
  yield '}';
}

function* memberTexts(part: Dict<object>): Generator<string> {
  for (const id in part) yield `${JSON.stringify(id)}: ${memberText(part[id] as object)}`;
}

function* joined(texts: Iterable<string | Buffer>): Generator<string | Buffer> {
  let between = '';
  for (const text of texts) {
    yield between;
    yield text;
    between = ', ';
  }
}
