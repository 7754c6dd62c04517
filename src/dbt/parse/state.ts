/** What the steps of a parse share. */

import type { VarLookup } from '../context/var.ts';
import type { DbtManifest, Dict, DocNode, ManifestNode, RefArgs, SourceNode } from '../manifest-types.ts';
import type { DbtProfile, DbtProject, Env, MacroIndex, ParseWarning } from '../project-types.ts';
import type { ConfigBuilder } from './config.ts';
import type { ConfigCalls } from './config-calls.ts';
import type { DisabledIndex, NameIndex, RefIndex } from './lookups.ts';
import type { ParseMemo } from './memo.ts';
import type { StaticOptions } from './static-calls.ts';

/** What rendering a text found. */
export interface Captured {
  readonly refs: RefArgs[];
  readonly sources: string[][];
  readonly metrics: string[][];
  readonly functions: string[][];
  readonly calls: Dict;
  readonly macros: string[];
}

/** The renderings that parsing needs; what implements it knows the template language. */
export interface ParseRenderer {
  /** Renders the node's SQL for its `ref`, `source` and `config` calls; the text is of no interest. */
  readonly captureNode: (node: ManifestNode, calls: Dict) => Captured;
  readonly captureTest: (node: ManifestNode, calls: Dict) => Captured;
  readonly captureText: (node: ManifestNode, text: string) => Captured;
  /** A YAML value: text with expressions becomes what the expressions give. */
  readonly yamlValue: (text: string, packageName: string, path: string) => unknown;
  readonly docText: (text: string, packageName: string, owner: string) => string;
  /** `generate_schema_name` and its like. */
  readonly generateName: (
    component: 'database' | 'schema' | 'alias',
    custom: string | null,
    node: ManifestNode,
  ) => string | null;
}

export interface ParseState {
  readonly root: DbtProject;
  readonly projects: ReadonlyMap<string, DbtProject>;
  readonly profile: DbtProfile;
  readonly env: Env;
  readonly flags: Readonly<Dict>;
  readonly manifest: DbtManifest;
  readonly macros: MacroIndex;
  readonly configs: ConfigBuilder;
  /** What earlier parses of the project made of its files. */
  readonly memo: ParseMemo | undefined;
  readonly renderer: ParseRenderer;
  readonly refs: RefIndex;
  readonly docs: NameIndex<DocNode>;
  readonly analyses: NameIndex<ManifestNode>;
  readonly singularTests: NameIndex<ManifestNode>;
  readonly sources: NameIndex<SourceNode>;
  readonly calls: Map<ManifestNode, ConfigCalls>;
  readonly vars: (packageName: string) => VarLookup;
  /** By package: what may be read off a text without rendering it. */
  readonly staticOptions: Map<string, StaticOptions>;
  /** Set once the files are read; YAML properties of disabled nodes need it. */
  disabled: DisabledIndex;
  /** Seconds since 1970. */
  readonly now: number;
  readonly warn: (warning: ParseWarning) => void;
}
