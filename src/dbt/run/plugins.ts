import { isDuckhouseError } from '../../errors.ts';
import { PyError } from '../../jinja/index.ts';
import { quoteLiteral } from '../../sql.ts';
import type { StoredTarget } from '../adapter/adapter-host.ts';
import type { Plugin } from '../adapter/credentials.ts';
import type { AdapterConnection } from '../adapter/database.ts';
import { Relation } from '../adapter/relation.ts';
import type { ManifestNode, SourceNode } from '../manifest-types.ts';
import { adapterMeta, pluginOf } from '../parse/source-relation.ts';
import { pluginDriver } from './plugin-driver.ts';
import { runPython, type Told } from './python-child.ts';
import { onConnection, type RunSession } from './session.ts';

const failed = (message: string): PyError => new PyError('DbtRuntimeError', message);

function findPlugin({ database }: RunSession, name: string): Plugin {
  const { plugins } = database.credentials;
  const found = plugins.findLast((plugin) => plugin.name === name);
  if (found !== undefined) return found;
  const known = plugins.length === 0 ? 'none' : plugins.map((plugin) => plugin.name).join(', ');
  throw failed(
    `Plugin ${name} not found; known plugins are: ${known} (they are named under "plugins" in profiles.yml)`,
  );
}

interface Call {
  readonly what: string;
  readonly request: { readonly op: string; readonly [parameter: string]: unknown };
  /** Takes the file that the plugin's rows are in. */
  loaded?(path: string): Promise<void>;
}

const call = (session: RunSession, { what, request, loaded }: Call): Promise<Told> =>
  runPython<{ readonly op: 'loaded'; readonly path: string }>(session, {
    reason: `${what} needs Python`,
    instead: 'do without plugins',
    driver: pluginDriver,
    input: {
      name: 'call.json',
      text: JSON.stringify({ ...request, credentials: session.parsed.profile.credentials }),
    },
    answer: async ({ path }) => loaded?.(path),
    failure: (text) => failed(`${what} failed:\n${text}`),
  });

/** Reads a source by its plugin, once per invocation. */
export async function loadSource(session: RunSession, source: SourceNode): Promise<void> {
  if (session.plugins === undefined || !session.flags.introspect) return;
  const { loaded } = session.plugins;
  const loading = loaded.get(source.unique_id) ?? load(session, source);
  loaded.set(source.unique_id, loading);
  return loading;
}

/** The rows are kept in a table, even where a view is asked for: there is no Python that could answer it later. */
function load(session: RunSession, source: SourceNode): Promise<void> {
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
      throw failed(`Source ${relation.render()} already exists!`);
    await call(session, {
      what: `source ${source.source_name}.${source.name}, which the plugin '${name}' reads,`,
      request: { op: 'load', plugin, source: sourceConfig(source) },
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

/** A plugin stores one thing after another: it may write all of them into one file. */
export function storeByPlugin(
  session: RunSession,
  stored: { readonly plugin: string; readonly node: ManifestNode; readonly target: StoredTarget },
): Promise<void> {
  const before = session.plugins?.stored.get(stored.plugin);
  const storing = (before ?? Promise.resolve())
    .catch(() => undefined)
    .then(() => store(session, { ...stored, isFirst: before === undefined }));
  session.plugins?.stored.set(stored.plugin, storing);
  return storing;
}

async function store(
  session: RunSession,
  given: {
    readonly plugin: string;
    readonly node: ManifestNode;
    readonly target: StoredTarget;
    readonly isFirst: boolean;
  },
): Promise<void> {
  const { relation, columns, location } = given.target;
  const { database, schema, identifier, type } = relation;
  await call(session, {
    what: `model ${given.node.name}, which the plugin '${given.plugin}' stores,`,
    request: {
      op: 'store',
      plugin: findPlugin(session, given.plugin),
      isFirst: given.isFirst,
      target: {
        relation: { database, schema, identifier, type, text: relation.render() },
        columns,
        location,
        config: given.node.config,
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
  session.plugins.functions ??= functionsOf(session, plugins);
  const plugin = (await session.plugins.functions).get(name.toLowerCase());
  if (plugin === undefined) return undefined;
  return failed(
    `${name} is a Python function of the plugin '${plugin}', which SQL cannot call here: DuckDB runs outside Python (write it as a macro of DuckDB, or the model in Python)`,
  );
}

async function functionsOf(session: RunSession, plugins: readonly Plugin[]): Promise<ReadonlyMap<string, string>> {
  try {
    const told = await call(session, { what: 'plugins', request: { op: 'functions', plugins } });
    const found = 'functions' in told ? (told.functions as Readonly<Record<string, string>>) : {};
    return new Map(Object.entries(found).map(([name, plugin]) => [name.toLowerCase(), plugin]));
  } catch {
    return new Map(); // DuckDB's own error is told
  }
}
