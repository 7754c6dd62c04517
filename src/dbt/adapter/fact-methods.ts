import { str, truth } from '../../jinja/index.ts';
import { builtinStrategies, strategyMacro } from './adapter-helpers.ts';
import { type AdapterMethods, method } from './adapter-method.ts';
import { isInLake } from './relation-methods.ts';
import { relationOf } from './relation-object.ts';

/** What the adapter is and can, how it writes names, and which macros it means. */
export const factMethods: AdapterMethods = {
  type: () => 'duckdb',
  date_function: () => 'now()',
  supports: () => true,
  is_cancelable: () => true,
  nice_connection_name: async (host) => (await host.connection()).name,
  quote: method(['identifier'], (_, { identifier }) => `"${str(identifier)}"`),
  quote_as_configured: method(['identifier', 'quote_key'], ({ quoting }, { identifier, quote_key }) =>
    (quoting[str(quote_key)] ?? true) ? `"${str(identifier)}"` : str(identifier),
  ),
  quote_seed_column: method(['column', 'quote_config'], ({ quoting }, { column, quote_config }) => {
    const quoted = quote_config === null ? (quoting.column ?? true) : truth(quote_config);
    return quoted ? `"${str(column)}"` : str(column);
  }),
  dispatch: method(
    ['macro_name', 'macro_namespace', 'packages'],
    (host, { macro_name, macro_namespace }) =>
      host.dispatch(str(macro_name), macro_namespace === null ? null : str(macro_namespace)),
    { macro_namespace: null, packages: null },
  ),
  valid_incremental_strategies: () => ['append', 'delete+insert', 'merge', 'microbatch'],
  builtin_incremental_strategies: () => builtinStrategies,
  get_incremental_strategy_macro: method(['model_context', 'strategy'], (host, { model_context, strategy }) =>
    strategyMacro(host, model_context, strategy),
  ),
  is_motherduck: () => false,
  is_ducklake: method(
    ['relation'],
    (host, { relation }) => relation !== null && isInLake(host, relationOf(relation, 'relation')),
  ),
  use_ducklake_table_workarounds: () => false,
  catalog_supports_foreign_keys: method(
    ['database'],
    (host, { database }) => !isInLake(host, { database: str(database) }),
  ),
  disable_transactions: (host) => host.database.credentials.disableTransactions,
  external_root: (host) => host.database.credentials.externalRoot,
  /** Not dbt's own: whether statements may name files here. */
  may_name_files: (host) => host.database.engine.isGuarded !== true,
  escape_sql_string: method(['value'], (_, { value }) => str(value).replaceAll("'", "''")),
  get_binding_char: () => '?',
  warn_once: method(['msg'], (host, { msg }) => {
    host.warnOnce(str(msg));
    return null;
  }),
  build_catalog_relation: () => null,
  generate_unique_temporary_table_suffix: () => `_${Math.random().toString(36).slice(2)}`,
};
