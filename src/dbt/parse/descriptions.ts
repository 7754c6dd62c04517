/** Descriptions are rendered last: `doc('name')` in them means a doc block. */
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type { ColumnInfo, ManifestNode, SourceNode } from '../manifest-types.ts';
import { findDoc } from './lookups.ts';
import { dicts } from './semantic-shape.ts';
import type { ParseState } from './state.ts';

interface Described {
  description: string;
  doc_blocks?: string[];
}

export function renderDescriptions(state: ParseState): void {
  const { manifest } = state;
  for (const id in manifest.nodes) {
    const node = manifest.nodes[id] as (typeof manifest.nodes)[string];
    describe(state, node, node.package_name, node.unique_id);
    describeColumns(state, node);
  }
  for (const source of Object.values(manifest.sources)) {
    describe(state, source, source.package_name, source.unique_id);
    if (source.source_description.includes('{'))
      source.source_description = state.renderer.docText(
        source.source_description,
        source.package_name,
        source.unique_id,
      );
    describeColumns(state, source);
  }
  for (const macro of Object.values(manifest.macros)) {
    describe(state, macro, macro.package_name, macro.unique_id);
    for (const argument of macro.arguments) describe(state, argument, macro.package_name, macro.unique_id);
  }
  for (const exposure of Object.values(manifest.exposures))
    describe(state, exposure, exposure.package_name, exposure.unique_id);
  for (const members of [manifest.metrics, manifest.semantic_models, manifest.saved_queries])
    for (const owner of Object.values(members))
      for (const described of [owner, ...dicts(owner.entities), ...dicts(owner.dimensions), ...dicts(owner.measures)])
        if (typeof described.description === 'string')
          describe(state, described as unknown as Described, owner.package_name, owner.unique_id);
}

/** Columns may be those of an earlier parse: what changes is replaced. */
function describeColumns(state: ParseState, owner: ManifestNode | SourceNode): void {
  const { columns } = owner;
  for (const name in columns) {
    const column = columns[name] as ColumnInfo;
    if (!needsRendering(column)) continue;
    const changed: ColumnInfo = { ...column };
    describe(state, changed, owner.package_name, owner.unique_id);
    owner.columns = { ...owner.columns, [name]: changed };
  }
}

export const needsRendering = ({ description }: Pick<Described, 'description'>): boolean =>
  (description.includes('{') || description.includes('}') || description.includes('#') || description.includes('%')) &&
  /[{#%][{%#}]|%\}|#\}/.test(description);

const docCall = /\bdoc\s*\(\s*(?:(['"])([^'"]*)\1\s*,\s*)?(['"])([^'"]*)\3\s*\)/g;

function describe(state: ParseState, described: Described, packageName: string, owner: string): void {
  const { description } = described;
  if (!needsRendering(described)) return;
  if (described.doc_blocks !== undefined)
    for (const [, , ofPackage = null, , name = ''] of description.matchAll(docCall)) {
      const doc = findDoc(state.docs, state.root.name, packageName, ofPackage, name);
      if (doc !== undefined) described.doc_blocks = [...described.doc_blocks, doc.unique_id];
    }
  described.description = state.renderer.docText(description, packageName, owner);
}

/** The text of a doc block, for `doc()` in templates. */
export function docBlock(
  state: ParseState,
  nodePackage: string,
  ofPackage: string | null,
  name: string,
  owner: string,
): string {
  const doc = findDoc(state.docs, state.root.name, nodePackage, ofPackage, name);
  if (doc !== undefined) return doc.block_contents;
  const names = Object.values(state.manifest.docs).map((one) => one.name);
  throw new DuckhouseError(
    'NotFound',
    `${owner}: documentation for '${ofPackage === null ? name : `${ofPackage}.${name}`}' was not found`,
    {
      context: { node: owner, candidates: nearestNames(name, names) },
      hint: `write it in a .md file, between {% docs ${name} %} and {% enddocs %}`,
    },
  );
}
