import { isDuckhouseError } from '../../errors.ts';
import type { PyError } from '../../jinja/index.ts';
import { quoteLiteral } from '../../sql.ts';
import type { StoredTarget } from '../adapter/adapter-host.ts';
import type { Plugin } from '../adapter/credentials.ts';
import type { AdapterConnection } from '../adapter/database.ts';
import { Relation } from '../adapter/relation.ts';
import type { ManifestNode, SourceNode } from '../manifest-types.ts';
import { adapterMeta, pluginOf } from '../parse/source-relation.ts';
import { callPlugin, type PluginProcesses, pluginFailure } from './plugin-process.ts';
import type { Done } from './python-child.ts';
import { onConnection, type RunSession } from './session.ts';

function findPlugin({ database }: RunSession, name: string): Plugin {
  const { plugins } = database.credentials;
  const found = plugins.findLast((plugin) => plugin.name === name);
  if (found !== undefined) return found;
  const known = plugins.length === 0 ? 'none' : plugins.map((plugin) => plugin.name).join(', ');
  throw pluginFailure(
    `Plugin ${name} not found; known plugins are: ${known} (they are named under "plugins" in profiles.yml)`,
  );
}

/** Reads a source by its plugin, once per invocation. */
export async function loadSource(session: RunSession, source: SourceNode): Promise<void> {
  if (session.plugins === undefined || !session.flags.introspect) return;
  const { loaded, processes } = session.plugins;
  const loading = loaded.get(source.unique_id) ?? load(session, processes, source);
  loaded.set(source.unique_id, loading);
  return loading;
}

/** The rows are kept in a table, even where a view is asked for: there is no Python that could answer it later. */
function load(session: RunSession, processes: PluginProcesses, source: SourceNode): Promise<void> {
  const name = pluginOf(source) as string;
  const meta = adapterMeta(source);
  return onConnection(session, source.unique_id, async (connect) => {
    const plugin = findPlugin(session, name);
    const connection = await connect();
    const relation = new Relation({
      database: source.database,
      schema: source.schema,
      identifier: source.identifier,
    });
    await connection.execute(`create schema if not exists ${relation.withoutIdentifier().render()}`);
    const existing = await kindOf(connection, source);
    if (existing !== undefined && meta.save_mode === 'ignore') return;
    if (existing !== undefined && meta.save_mode === 'error_if_exists')
      throw pluginFailure(`Source ${relation.render()} already exists!`);
    await callPlugin(session, processes, {
      what: `source ${source.source_name}.${source.name}, which the plugin '${name}' reads,`,
      plugin,
      request: { op: 'load', source: sourceConfig(source) },
      async loaded(path) {
        if (existing === 'VIEW') await connection.execute(`drop view ${relation.render()}`);
        await connection.execute(
          `create or replace table ${relation.render()} as select * from read_parquet(${quoteLiteral(path)})`,
        );
      },
    });
  });
}

const sourceConfig = (source: SourceNode): object => {
  const { name, identifier, schema, database, tags } = source;
  return { name, identifier, schema, database, tags, meta: adapterMeta(source) };
};

async function kindOf(connection: AdapterConnection, source: SourceNode): Promise<string | undefined> {
  const { table } = await connection.execute(
    `select table_type from system.information_schema.tables
     where lower(table_schema) = lower(${quoteLiteral(source.schema)})
       and lower(table_name) = lower(${quoteLiteral(source.identifier)})
       and lower(table_catalog) = lower(${source.database === null ? 'current_database()' : quoteLiteral(source.database)})`,
    { fetch: true },
  );
  const kind = table.rows[0]?.[0];
  return kind === undefined ? undefined : String(kind);
}

/** Gives a plugin what an external model has written. */
export async function storeByPlugin(
  session: RunSession,
  stored: { readonly plugin: string; readonly node: ManifestNode; readonly target: StoredTarget },
): Promise<void> {
  if (session.plugins === undefined) return;
  const { relation, columns, location } = stored.target;
  const { database, schema, identifier, type } = relation;
  await callPlugin(session, session.plugins.processes, {
    what: `model ${stored.node.name}, which the plugin '${stored.plugin}' stores,`,
    plugin: findPlugin(session, stored.plugin),
    request: {
      op: 'store',
      target: {
        relation: { database, schema, identifier, type, text: relation.render() },
        columns,
        location,
        config: stored.node.config,
      },
    },
  });
}

/** The error of a statement that asks for a function of Python, which DuckDB cannot call outside Python. */
export async function pythonFunction(session: RunSession, error: unknown): Promise<PyError | undefined> {
  const name = isDuckhouseError(error)
    ? /Function with name "?(\w+)"? does not exist/i.exec(error.message)?.[1]
    : undefined;
  if (name === undefined || session.plugins === undefined || session.shared) return undefined;
  const { plugins } = session.database.credentials;
  if (plugins.length === 0) return undefined;
  const { processes } = session.plugins;
  session.plugins.functions ??= functionsOf(plugins, (one) =>
    callPlugin(session, processes, { what: 'plugins', plugin: one, request: { op: 'functions' } }),
  );
  const plugin = (await session.plugins.functions).get(name.toLowerCase());
  if (plugin === undefined) return undefined;
  return pluginFailure(
    `${name} is a Python function of the plugin '${plugin}', which SQL cannot call here: DuckDB runs outside Python (write it as a macro of DuckDB, or the model in Python)`,
  );
}

async function functionsOf(
  plugins: readonly Plugin[],
  ask: (plugin: Plugin) => Promise<Done>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const plugin of plugins) {
    const told = await ask(plugin).catch(() => undefined); // DuckDB's own error is told
    for (const name of (told?.functions ?? []) as readonly string[]) found.set(name.toLowerCase(), plugin.name);
  }
  return found;
}
