/** Options of the dbt commands: names, environment twins, defaults, and which commands take which. */

/** `count`: a number that may be left out; off is 0. */
export type FlagKind = 'switch' | 'text' | 'number' | 'count' | 'list' | 'yaml';

export interface FlagSpec {
  /** As dbt keeps it in run_results.json. */
  readonly name: string;
  readonly kind: FlagKind;
  readonly on: readonly string[];
  /** Forms that switch it off. */
  readonly off?: readonly string[];
  readonly env?: string;
  readonly choices?: readonly string[];
  readonly fallback?: unknown;
}

const dashed = (name: string): string => name.replaceAll('_', '-');
const envOf = (name: string): string => `DBT_${name.toUpperCase()}`;

interface Extra {
  readonly short?: string;
  readonly aliases?: readonly string[];
  readonly env?: string | null;
  readonly choices?: readonly string[];
}

function spec(kind: FlagKind, name: string, fallback: unknown, extra: Extra = {}): FlagSpec {
  const { short, aliases = [], env = envOf(name), choices } = extra;
  const off = kind === 'switch' || kind === 'count' ? [`--no-${dashed(name)}`] : undefined;
  return {
    name,
    kind,
    on: [`--${dashed(name)}`, ...aliases, ...(short === undefined ? [] : [short])],
    fallback,
    ...(off === undefined ? {} : { off }),
    ...(env === null ? {} : { env }),
    ...(choices === undefined ? {} : { choices }),
  };
}

const onOff = (name: string, fallback: boolean | null, extra: Extra = {}): FlagSpec =>
  spec('switch', name, fallback, extra);
const text = (name: string, fallback: string | null = null, extra: Extra = {}): FlagSpec =>
  spec('text', name, fallback, extra);
const number = (name: string, fallback: number | null, extra: Extra = {}): FlagSpec =>
  spec('number', name, fallback, extra);
const list = (name: string, extra: Extra = {}): FlagSpec => spec('list', name, [], { env: null, ...extra });

const levels = ['debug', 'info', 'warn', 'error', 'none'];
const formats = ['text', 'debug', 'json', 'default'];

export const globalFlags: readonly FlagSpec[] = [
  onOff('cache_selected_only', false),
  onOff('debug', false, { short: '-d' }),
  onOff('defer', false),
  text('defer_state'),
  onOff('favor_state', false),
  onOff('fail_fast', false, { short: '-x' }),
  text('indirect_selection', 'eager', { choices: ['eager', 'cautious', 'buildable', 'empty'] }),
  onOff('hints_enabled', true, { env: 'DBT_ENGINE_HINTS_ENABLED' }),
  onOff('history', true),
  number('history_keep', 1000),
  onOff('log_cache_events', false),
  number('log_file_max_bytes', 10 * 1024 * 1024),
  text('log_format', 'default', { choices: formats }),
  text('log_format_file', 'debug', { choices: formats }),
  text('log_level', 'info', { choices: levels }),
  text('log_level_file', 'debug', { choices: levels }),
  text('log_path'),
  onOff('macro_debugging', false),
  number('maximum_seed_size_mib', 1, { env: 'DBT_ENGINE_MAXIMUM_SEED_SIZE_MIB' }),
  onOff('partial_parse', true),
  onOff('partial_parse_file_diff', true),
  text('partial_parse_file_path'),
  onOff('populate_cache', true),
  onOff('print', true),
  number('printer_width', 80),
  text('profile'),
  onOff('quiet', false, { short: '-q' }),
  text('record_timing_info', null, { short: '-r', env: null }),
  onOff('send_anonymous_usage_stats', false),
  onOff('show_all_deprecations', false, { env: null }),
  onOff('single_threaded', false),
  onOff('snowflake_projects_otel', false, { env: 'DBT_ENGINE_SNOWFLAKE_PROJECTS_OTEL' }),
  text('state'),
  onOff('static_parser', true),
  text('target', null, { short: '-t' }),
  onOff('upload_to_artifacts_ingest_api', false),
  onOff('use_colors', true),
  onOff('use_colors_file', true),
  onOff('use_experimental_parser', false),
  onOff('use_fast_test_edges', false),
  onOff('use_v2_parser', false, { env: 'DBT_ENGINE_USE_V2_PARSER' }),
  text('v2_parser', 'dbt-core-experimental-parser parse', { env: 'DBT_ENGINE_V2_PARSER' }),
  onOff('version_check', true),
  onOff('warn_error', null),
  spec('yaml', 'warn_error_options', {}),
  onOff('write_json', true),
  onOff('deprecated_defer', null, { env: 'DBT_DEFER_TO_STATE' }),
  onOff('deprecated_favor_state', null, { env: 'DBT_FAVOR_STATE_MODE' }),
  onOff('deprecated_print', null, { env: null }),
  text('deprecated_state', null, { env: 'DBT_ARTIFACT_STATE_PATH' }),
];

/** Former names of options, and what they are now. */
export const formerNames: Readonly<Record<string, string>> = {
  deprecated_defer: 'defer',
  deprecated_favor_state: 'favor_state',
  deprecated_print: 'print',
  deprecated_state: 'state',
};

/** Switches of a project's behaviour: no options, but read by templates and kept with the results. */
export const behaviours: Readonly<Record<string, boolean>> = {
  require_batched_execution_for_custom_microbatch_strategy: true,
  require_explicit_package_overrides_for_builtin_materializations: true,
  require_resource_names_without_spaces: true,
  source_freshness_run_project_hooks: true,
  skip_nodes_if_on_run_start_fails: true,
  state_modified_compare_more_unrendered_values: true,
  state_modified_compare_vars: false,
  require_yaml_configuration_for_mf_time_spines: true,
  require_nested_cumulative_type_params: true,
  validate_macro_args: true,
  require_all_warnings_handled_by_warn_error: true,
  require_generic_test_arguments_property: true,
  require_unique_project_resource_names: false,
  require_ref_searches_node_package_before_root: false,
  require_valid_schema_from_generate_schema_name: false,
  allow_jinja_file_extensions: false,
  require_sql_header_in_test_configs: false,
  support_custom_ref_kwargs: false,
  require_corrected_analysis_fqns: false,
  require_source_and_semantic_model_names_without_spaces: false,
  enable_grouped_warn_error_parser_logs: false,
  use_catalogs_v2: false,
  latest_version_pointer_enabled_by_default: false,
};

const resourceTypes = {
  choices: [
    'metric',
    'semantic_model',
    'saved_query',
    'source',
    'analysis',
    'function',
    'model',
    'test',
    'unit_test',
    'exposure',
    'snapshot',
    'seed',
    'default',
    'all',
  ],
};

const own = {
  project: [text('project_dir'), text('profiles_dir'), text('target_path'), spec('yaml', 'vars', {}, { env: null })],
  threads: [number('threads', null, { env: null })],
  select: [
    list('select', { short: '-s', aliases: ['--models', '--model', '-m'] }),
    list('exclude'),
    text('selector', null, { env: null }),
  ],
  listing: [
    list('select', { short: '-s' }),
    list('models', { short: '-m', aliases: ['--model'] }),
    list('exclude'),
    text('selector', null, { env: null }),
  ],
  types: [
    list('resource_types', { aliases: ['--resource-type'], env: 'DBT_RESOURCE_TYPES', ...resourceTypes }),
    list('exclude_resource_types', {
      aliases: ['--exclude-resource-type'],
      env: 'DBT_EXCLUDE_RESOURCE_TYPES',
      ...resourceTypes,
    }),
  ],
  refresh: [onOff('full_refresh', null, { short: '-f' })],
  empty: [onOff('empty', false)],
  events: [text('event_time_start'), text('event_time_end'), text('sample')],
  failures: [onOff('store_failures', null), spec('count', 'show_failures', 0)],
  validate: [onOff('validate', null)],
  changed: [onOff('changed', false)],
  inline: [text('inline', null, { env: null }), onOff('introspect', true)],
  show: [onOff('show', false, { env: null })],
  sqlparse: [spec('yaml', 'sqlparse', null)],
} as const;

const { project, threads, select, listing, types, refresh, empty, events, failures, inline, show, validate, changed } =
  own;
const showFormat = text('output', 'text', { env: null, choices: ['json', 'text'] });

/** What each command takes beside the global flags. */
export const commandFlags: Readonly<Record<string, readonly FlagSpec[]>> = {
  build: [
    ...project,
    ...own.sqlparse,
    ...validate,
    ...changed,
    ...threads,
    ...select,
    ...types,
    ...refresh,
    ...empty,
    ...events,
    ...failures,
    ...show,
    onOff('export_saved_queries', false),
    onOff('include_saved_query', false),
  ],
  clean: [...project, onOff('clean_project_files_only', true)],
  clone: [...project, ...threads, ...select, ...types, ...refresh],
  compile: [
    ...project,
    ...own.sqlparse,
    ...validate,
    ...threads,
    ...select,
    ...refresh,
    ...empty,
    ...inline,
    showFormat,
    onOff('inject_ephemeral_ctes', true, { env: null }),
  ],
  debug: [...project, onOff('connection', false, { env: null }), onOff('config_dir', false, { env: null })],
  deps: [
    ...project,
    onOff('lock', false, { env: null }),
    onOff('upgrade', false, { env: null }),
    text('add_package', null, { env: null }),
    text('source', 'hub', { env: null, choices: ['hub', 'git', 'local'] }),
  ],
  'docs generate': [
    ...project,
    ...own.sqlparse,
    ...threads,
    ...select,
    onOff('compile', true, { env: null }),
    onOff('empty_catalog', false, { env: null }),
    onOff('column_lineage', true),
    onOff('static', false, { env: null }),
  ],
  'docs serve': [
    ...project,
    text('host', '127.0.0.1'),
    number('port', 8080, { env: null }),
    onOff('browser', true, { env: null }),
  ],
  init: [
    ...project,
    onOff('skip_profile_setup', false, { short: '-s', env: null }),
    onOff('skip_debug', false, { env: null }),
  ],
  lineage: [...project, ...threads, ...select, showFormat],
  ls: [
    ...project,
    ...listing,
    ...types,
    text('output', 'selector', { env: null, choices: ['json', 'name', 'path', 'selector'] }),
    list('output_keys'),
  ],
  parse: [...project, ...threads],
  retry: [...project, ...threads, ...refresh],
  run: [...project, ...own.sqlparse, ...validate, ...changed, ...threads, ...select, ...refresh, ...empty, ...events],
  'run-operation': [...project, ...threads, spec('yaml', 'args', {}, { env: null }), text('sql', null, { env: null })],
  seed: [...project, ...own.sqlparse, ...changed, ...threads, ...select, ...refresh, ...empty, ...show],
  show: [
    ...project,
    ...own.sqlparse,
    ...threads,
    ...select,
    ...refresh,
    ...inline,
    text('inline_direct', null, { env: null }),
    showFormat,
    number('limit', 5, { env: null }),
  ],
  snapshot: [...project, ...own.sqlparse, ...validate, ...changed, ...threads, ...select, ...empty],
  'source freshness': [
    ...project,
    ...own.sqlparse,
    ...threads,
    ...select,
    text('output', null, { short: '-o', env: null }),
  ],
  test: [...project, ...own.sqlparse, ...validate, ...changed, ...threads, ...select, ...types, ...failures],
};

/** Other names of commands. */
export const commandAliases: Readonly<Record<string, string>> = {
  list: 'ls',
  freshness: 'source freshness',
  'source snapshot-freshness': 'source freshness',
};
