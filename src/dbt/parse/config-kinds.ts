/** The configs that each kind of resource knows: defaults in manifest order, and how two values of a key combine. */
import type { Dict, NodeType } from '../manifest-types.ts';

export type MergeKind = 'append' | 'update' | 'dictKeyAppend' | 'clobber';

export interface ConfigKind {
  readonly defaults: Readonly<Dict>;
  readonly merge: Readonly<Record<string, MergeKind>>;
  /** Key of dbt_project.yml that holds the tree. */
  readonly tree: string;
}

const common = {
  enabled: true,
  alias: null,
  schema: null,
  database: null,
  tags: [],
  meta: {},
  group: null,
  static_analysis: null,
};
const commonMerge = { tags: 'append', meta: 'update' } as const;

const node = {
  ...common,
  materialized: 'view',
  incremental_strategy: null,
  batch_size: null,
  lookback: 1,
  begin: null,
  persist_docs: {},
  'post-hook': [],
  'pre-hook': [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: 'ignore',
  on_configuration_change: 'apply',
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null,
};
const nodeMerge = {
  ...commonMerge,
  'post-hook': 'append',
  'pre-hook': 'append',
  quoting: 'update',
  column_types: 'update',
  grants: 'dictKeyAppend',
  packages: 'append',
  docs: 'update',
  contract: 'update',
} as const;

const model: ConfigKind = {
  tree: 'models',
  defaults: {
    ...node,
    access: 'protected',
    freshness: null,
    on_error: null,
    latest_version_pointer: { enabled: null, alias: null },
  },
  merge: { ...nodeMerge, latest_version_pointer: 'update' },
};

const plain = (tree: string): ConfigKind => ({ tree, defaults: node, merge: nodeMerge });

const kinds: Readonly<Partial<Record<NodeType, ConfigKind>>> = {
  model,
  analysis: plain('models'),
  operation: plain('models'),
  sql_operation: plain('models'),
  seed: {
    tree: 'seeds',
    defaults: { ...node, materialized: 'seed', delimiter: ',', quote_columns: null },
    merge: nodeMerge,
  },
  snapshot: {
    tree: 'snapshots',
    defaults: {
      ...node,
      materialized: 'snapshot',
      strategy: null,
      target_schema: null,
      target_database: null,
      updated_at: null,
      check_cols: null,
      snapshot_meta_column_names: {
        dbt_valid_to: null,
        dbt_valid_from: null,
        dbt_scd_id: null,
        dbt_updated_at: null,
        dbt_is_deleted: null,
      },
      dbt_valid_to_current: null,
    },
    merge: { ...nodeMerge, snapshot_meta_column_names: 'update' },
  },
  test: {
    tree: 'data_tests',
    defaults: {
      ...common,
      schema: 'dbt_test__audit',
      materialized: 'test',
      severity: 'ERROR',
      store_failures: null,
      store_failures_as: null,
      sql_header: null,
      where: null,
      limit: null,
      fail_calc: 'count(*)',
      warn_if: '!= 0',
      error_if: '!= 0',
    },
    merge: commonMerge,
  },
  source: {
    tree: 'sources',
    defaults: {
      enabled: true,
      event_time: null,
      freshness: {
        warn_after: { count: null, period: null },
        error_after: { count: null, period: null },
        filter: null,
      },
      loaded_at_field: null,
      loaded_at_query: null,
      meta: {},
      tags: [],
      static_analysis: null,
    },
    merge: { meta: 'update' },
  },
  exposure: { tree: 'exposures', defaults: { enabled: true, tags: [], meta: {} }, merge: {} },
  group: { tree: 'models', defaults: { meta: {} }, merge: { meta: 'update' } },
  unit_test: {
    tree: 'unit_tests',
    defaults: { tags: [], meta: {}, enabled: true, static_analysis: null },
    merge: commonMerge,
  },
  metric: { tree: 'metrics', defaults: { enabled: true, group: null, meta: {} }, merge: { meta: 'update' } },
  semantic_model: {
    tree: 'semantic_models',
    defaults: { enabled: true, group: null, meta: {} },
    merge: { meta: 'update' },
  },
  saved_query: {
    tree: 'saved_queries',
    defaults: {
      enabled: true,
      group: null,
      meta: {},
      export_as: null,
      schema: null,
      cache: { enabled: false },
    },
    merge: { meta: 'update', cache: 'update', tags: 'append' },
  },
  function: {
    tree: 'functions',
    defaults: {
      ...node,
      materialized: 'function',
      type: 'scalar',
      volatility: null,
      runtime_version: null,
      entry_point: null,
      snowflake: { quote_args: true },
    },
    merge: nodeMerge,
  },
};

export const configKindOf = (type: NodeType): ConfigKind => kinds[type] ?? plain('models');
