/** Shapes of manifest v12. Names and nesting are the file's own; nodes are mutable: parsing fills them, running adds to them. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Dict<T = unknown> = Record<string, T>;

export type NodeType =
  | 'model'
  | 'analysis'
  | 'test'
  | 'seed'
  | 'snapshot'
  | 'operation'
  | 'sql_operation'
  | 'source'
  | 'macro'
  | 'doc'
  | 'exposure'
  | 'metric'
  | 'group'
  | 'semantic_model'
  | 'saved_query'
  | 'unit_test'
  | 'fixture'
  | 'function';

export interface FileChecksum {
  name: 'sha256' | 'path' | 'none';
  checksum: string;
}

export interface RefArgs {
  name: string;
  package: string | null;
  version: string | number | null;
}

export interface DependsOn {
  macros: string[];
  nodes: string[];
}

export interface Docs {
  show: boolean;
  node_color: string | null;
}

export interface Hook {
  sql: string;
  transaction: boolean;
  index: number | null;
}

export interface ColumnConstraint {
  type: string;
  name?: string | null;
  expression?: string | null;
  warn_unenforced?: boolean;
  warn_unsupported?: boolean;
  to?: string | null;
  to_columns?: string[];
}

export interface ModelConstraint extends ColumnConstraint {
  columns: string[];
}

export interface ColumnInfo {
  name: string;
  description: string;
  meta: Dict;
  data_type: string | null;
  constraints: ColumnConstraint[];
  quote: boolean | null;
  config: { meta: Dict; tags: string[] };
  tags: string[];
  granularity: string | null;
  dimension: unknown;
  entity: unknown;
  doc_blocks: string[];
  [extra: string]: unknown;
}

export interface Contract {
  enforced: boolean;
  alias_types: boolean;
  checksum: string | null;
}

/** Final config of a node: dbt's keys with their defaults, and whatever else the project configured. */
export interface NodeConfig {
  enabled: boolean;
  materialized: string;
  alias: string | null;
  schema: string | null;
  database: string | null;
  tags: string[];
  meta: Dict;
  group: string | null;
  'pre-hook': Hook[];
  'post-hook': Hook[];
  [key: string]: unknown;
}

/** Where a deferred reference points. */
export interface DeferRelation {
  database: string | null;
  schema: string;
  alias: string;
  relation_name: string | null;
  resource_type: string;
  name: string;
  description: string;
  compiled_code: string | null;
  meta: Dict;
  tags: string[];
  config: Dict | null;
}

export interface InjectedCte {
  id: string;
  sql: string;
}

export interface BaseResource {
  name: string;
  resource_type: NodeType;
  package_name: string;
  /** Relative to the resource folder the file was found in. */
  path: string;
  /** Relative to the package's root. */
  original_file_path: string;
  unique_id: string;
}

export interface TestMetadata {
  name: string;
  kwargs: Dict;
  namespace: string | null;
}

/** model, analysis, test, seed, snapshot, operation, sql_operation: everything under `nodes`. */
export interface ManifestNode extends BaseResource {
  database: string | null;
  schema: string;
  fqn: string[];
  alias: string;
  checksum: FileChecksum;
  config: NodeConfig;
  tags: string[];
  description: string;
  columns: Dict<ColumnInfo>;
  meta: Dict;
  group: string | null;
  docs: Docs;
  patch_path: string | null;
  build_path: string | null;
  unrendered_config: Dict;
  created_at: number;
  relation_name: string | null;
  raw_code: string;
  doc_blocks: string[];
  /** The rest of the common part is absent on seeds. */
  language: 'sql' | 'python';
  refs: RefArgs[];
  sources: string[][];
  metrics: string[][];
  functions: string[][];
  depends_on: DependsOn;
  compiled_path: string | null;
  contract: Contract;
  compiled?: boolean;
  compiled_code?: string | null;
  extra_ctes_injected?: boolean;
  extra_ctes?: InjectedCte[];
  defer_relation?: DeferRelation | null;
  config_call_dict?: Dict;
  // model
  access?: 'private' | 'protected' | 'public';
  constraints?: ModelConstraint[];
  version?: string | number | null;
  latest_version?: string | number | null;
  deprecation_date?: string | null;
  primary_key?: string[];
  time_spine?: unknown;
  /** An enabled model's event time per batch, while it runs. */
  batch?: unknown;
  // seed
  root_path?: string | null;
  // test
  column_name?: string | null;
  file_key_name?: string;
  attached_node?: string | null;
  test_metadata?: TestMetadata;
  // operation
  index?: number;
}

export interface FreshnessTime {
  count: number | null;
  period: 'minute' | 'hour' | 'day' | null;
}

export interface FreshnessThreshold {
  warn_after: FreshnessTime | null;
  error_after: FreshnessTime | null;
  filter: string | null;
}

export interface Quoting {
  database: boolean | null;
  schema: boolean | null;
  identifier: boolean | null;
  column: boolean | null;
}

export interface SourceNode extends BaseResource {
  database: string | null;
  schema: string;
  fqn: string[];
  source_name: string;
  source_description: string;
  loader: string;
  identifier: string;
  quoting: Quoting;
  loaded_at_field: string | null;
  loaded_at_query: string | null;
  freshness: FreshnessThreshold | null;
  external: Dict | null;
  description: string;
  columns: Dict<ColumnInfo>;
  meta: Dict;
  source_meta: Dict;
  tags: string[];
  config: Dict;
  patch_path: string | null;
  unrendered_config: Dict;
  relation_name: string | null;
  created_at: number;
  unrendered_database: string | null;
  unrendered_schema: string | null;
  doc_blocks: string[];
}

export interface MacroArgument {
  name: string;
  type: string | null;
  description: string;
}

export interface MacroNode extends BaseResource {
  macro_sql: string;
  depends_on: { macros: string[] };
  description: string;
  meta: Dict;
  docs: Docs;
  config: { meta: Dict; docs: Docs };
  patch_path: string | null;
  arguments: MacroArgument[];
  created_at: number;
  supported_languages: string[] | null;
}

export interface DocNode extends BaseResource {
  block_contents: string;
}

export interface Owner {
  email: string | string[] | null;
  name: string | null;
  [extra: string]: unknown;
}

export interface ExposureNode extends BaseResource {
  fqn: string[];
  type: string;
  owner: Owner;
  description: string;
  label: string | null;
  maturity: string | null;
  meta: Dict;
  tags: string[];
  config: Dict;
  unrendered_config: Dict;
  url: string | null;
  depends_on: DependsOn;
  refs: RefArgs[];
  sources: string[][];
  metrics: string[][];
  created_at: number;
}

export interface GroupNode extends BaseResource {
  owner: Owner;
  description: string | null;
  config: Dict;
}

export interface UnitTestFixture {
  input?: string;
  rows: string | Dict[] | null;
  format: 'dict' | 'csv' | 'sql';
  fixture: string | null;
}

export interface UnitTestOverrides {
  macros: Dict;
  vars: Dict;
  env_vars: Dict;
}

export interface UnitTestNode extends BaseResource {
  model: string;
  given: UnitTestFixture[];
  expect: UnitTestFixture;
  fqn: string[];
  description: string;
  overrides: UnitTestOverrides | null;
  depends_on: DependsOn;
  config: Dict;
  checksum: string | null;
  schema: string | null;
  created_at: number;
  versions: unknown;
  version: string | number | null;
  /** The node under test, by id; the first of `depends_on.nodes`. */
  tested_node_unique_id?: string;
  this_input_node_unique_id?: string | null;
}

/** metric, semantic_model, saved_query, function: carried through, with their dependencies resolved. */
export interface SemanticNode extends BaseResource {
  fqn: string[];
  depends_on: DependsOn;
  refs: RefArgs[];
  config: Dict;
  [key: string]: unknown;
}

export interface SelectorEntry {
  name: string;
  definition: unknown;
  description?: string;
  default?: boolean;
}

export interface ManifestMetadata {
  dbt_schema_version: string;
  dbt_version: string;
  generated_at: string;
  invocation_id: string | null;
  invocation_started_at: string | null;
  env: Dict<string>;
  project_name: string | null;
  project_id: string | null;
  user_id: string | null;
  send_anonymous_usage_stats: boolean | null;
  adapter_type: string | null;
  quoting: Quoting;
  run_started_at: string;
}

export type GraphMember = ManifestNode | SourceNode | ExposureNode | UnitTestNode | SemanticNode;

export interface DbtManifest {
  metadata: ManifestMetadata;
  nodes: Dict<ManifestNode>;
  sources: Dict<SourceNode>;
  macros: Dict<MacroNode>;
  docs: Dict<DocNode>;
  exposures: Dict<ExposureNode>;
  metrics: Dict<SemanticNode>;
  groups: Dict<GroupNode>;
  selectors: Dict<SelectorEntry>;
  disabled: Dict<GraphMember[]>;
  parent_map: Dict<string[]>;
  child_map: Dict<string[]>;
  group_map: Dict<string[]>;
  saved_queries: Dict<SemanticNode>;
  semantic_models: Dict<SemanticNode>;
  unit_tests: Dict<UnitTestNode>;
  functions: Dict<SemanticNode>;
}
