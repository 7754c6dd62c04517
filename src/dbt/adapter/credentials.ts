import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** What a DuckDB target of a profile asks for, checked. */
export interface Credentials {
  /** File, absolute, ':memory:', or the address of a DuckLake. */
  readonly path: string;
  /** DuckDB's name of that file. */
  readonly database: string;
  readonly schema: string;
  readonly threads: number;
  /** Given when the database is opened. */
  readonly config: Readonly<Record<string, string>>;
  /** Set on every connection. */
  readonly settings: Readonly<Record<string, string>>;
  /** Extensions, secrets and attached databases, in this order, run once on the database. */
  readonly setup: readonly string[];
  readonly externalRoot: string;
  readonly disableTransactions: boolean;
  readonly retries: { readonly connect: number; readonly query: number };
  /** Databases that are DuckLakes, as they are named. */
  readonly lakes: readonly string[];
  readonly plugins: readonly Plugin[];
  /** Folders that Python looks for modules in. */
  readonly modulePaths: readonly string[];
}

/** A Python program that reads sources, or stores what external models wrote. */
export interface Plugin {
  readonly name: string;
  readonly module: string;
  readonly config: Mapping;
}

export interface CredentialsPlace {
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** `profile.target`, for messages. */
  readonly name: string;
}

/** Reads an output of `profiles.yml`. InvalidArgument names what is wrong. */
export function readCredentials(output: Mapping, place: CredentialsPlace): Credentials {
  const type = output.type ?? 'duckdb';
  if (type !== 'duckdb') throw wrong(place, `type ${String(type)} is not supported, only duckdb`);
  const given = text(output, 'path', place) ?? ':memory:';
  if (/^(md|motherduck):/i.test(given)) throw wrong(place, `MotherDuck (${given}) is not supported`);
  for (const name of ['filesystems', 'remote'])
    if (!isEmpty(output[name])) throw wrong(place, `"${name}" needs Python and is not supported`);
  const database = databaseName(given);
  const named = text(output, 'database', place);
  if (named !== undefined && named !== database && attachments(output, place).every(({ alias }) => alias !== named))
    throw wrong(place, `database "${named}" is neither the file's name "${database}" nor attached`);
  const attach = [...lakeItself(given, database), ...attachments(output, place)];
  const ownLake = output.is_ducklake === true ? [database] : [];
  return {
    path: given === ':memory:' || isLake(given) ? given : path.resolve(place.folder, given),
    database: named ?? database,
    schema: text(output, 'schema', place) ?? 'main',
    threads: positive(output.threads, 1, place),
    config: texts(output.config_options, 'config_options', place),
    settings: texts(output.settings, 'settings', place),
    setup: [...extensions(output, place), ...secrets(output, place), ...attach.map(({ sql }) => sql)],
    externalRoot: text(output, 'external_root', place) ?? '.',
    disableTransactions: output.disable_transactions === true,
    retries: readRetries(output.retries),
    lakes: [...ownLake, ...attach.filter((one) => one.isLake).map(({ alias }) => alias)],
    plugins: plugins(output, place),
    modulePaths: list(output.module_paths, 'module_paths', place).map(String),
  };
}

/** A plugin is called by its alias, or by the last part of its module's name; the settings are under its config. */
function plugins(output: Mapping, place: CredentialsPlace): Plugin[] {
  return list(output.plugins, 'plugins', place).map((entry) => {
    const given = entry !== null && typeof entry === 'object' ? (entry as Mapping) : {};
    const module = text(given, 'module', place);
    if (module === undefined) throw wrong(place, 'an entry of "plugins" needs a "module"');
    const config = isEmpty(given.config) ? {} : given.config;
    if (typeof config !== 'object' || Array.isArray(config))
      throw wrong(place, `"config" of the plugin ${module} must be a mapping`);
    return {
      name: text(given, 'alias', place) ?? (module.split('.').at(-1) as string),
      module,
      config: { ...((output.settings ?? {}) as Mapping), ...config },
    };
  });
}

export const isLake = (path: string): boolean => /^ducklake:/i.test(path);

/** A DuckLake as the database itself is attached to one in memory. */
const lakeItself = (file: string, database: string): Attachment[] =>
  isLake(file)
    ? [
        {
          alias: database,
          isLake: true,
          sql: `ATTACH IF NOT EXISTS ${quoteLiteral(file)} AS ${quoteIdentifier(database)}`,
        },
      ]
    : [];

/** DuckDB calls a file after its name up to the first dot; a DuckLake is called after the file of its catalog. */
export function databaseName(file: string): string {
  if (file === ':memory:' || file === '') return 'memory';
  if (/^(md|motherduck):/i.test(file)) return file.replace(/^\w+:|\?.*$/g, '') || 'my_db';
  if (isLake(file)) return path.parse(file.slice(file.lastIndexOf(':') + 1)).name;
  return path.basename(file).replace(/^\.+/, '').split('.')[0] as string;
}

function wrong(place: CredentialsPlace, what: string): DuckhouseError {
  return new DuckhouseError('InvalidArgument', `profile ${place.name}: ${what}`, {
    id: 'dbt-profile',
    context: { profile: place.name, what },
  });
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

function text(from: Mapping, name: string, place: CredentialsPlace): string | undefined {
  const value = from[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') throw wrong(place, `"${name}" must be a text`);
  return String(value);
}

function texts(value: unknown, name: string, place: CredentialsPlace): Record<string, string> {
  if (isEmpty(value)) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(place, `"${name}" must be a mapping`);
  return Object.fromEntries(Object.entries(value as Mapping).map(([key, item]) => [key, String(item)]));
}

function positive(value: unknown, fallback: number, place: CredentialsPlace): number {
  const number = value === undefined || value === null ? fallback : Number(value);
  if (!Number.isInteger(number) || number < 1) throw wrong(place, `threads must be a whole number above 0`);
  return number;
}

function list(value: unknown, name: string, place: CredentialsPlace): readonly unknown[] {
  if (isEmpty(value)) return [];
  if (!Array.isArray(value)) throw wrong(place, `"${name}" must be a list`);
  return value;
}

function extensions(output: Mapping, place: CredentialsPlace): string[] {
  return list(output.extensions, 'extensions', place).flatMap((extension) => {
    if (typeof extension === 'string') return loadExtension(extension, undefined, place);
    const { name, repo } = (extension ?? {}) as Mapping;
    if (typeof name !== 'string' || typeof repo !== 'string')
      throw wrong(place, 'an extension is a name, or a mapping of "name" and "repo"');
    return loadExtension(name, repo, place);
  });
}

function loadExtension(name: string, repo: string | undefined, place: CredentialsPlace): string[] {
  if (repo !== undefined && !/^[\w]+$/.test(repo) && !/^'.*'$/.test(repo)) repo = quoteLiteral(repo);
  const isFile = /[/\\]|\.duckdb_extension$/.test(name);
  if (!isFile && !/^\w+$/.test(name)) throw wrong(place, `extension "${name}" is no name of an extension, and no file`);
  if (isFile) name = quoteLiteral(name);
  return [`INSTALL ${name}${repo === undefined ? '' : ` FROM ${repo}`}`, `LOAD ${name}`];
}

const unquotedSecretKeys = new Set(['type', 'provider', 'extra_http_headers']);

function secrets(output: Mapping, place: CredentialsPlace): string[] {
  const given = list(output.secrets, 'secrets', place);
  const chain = output.use_credential_provider === 'aws' ? [{ type: 's3', provider: 'credential_chain' }] : [];
  return [...given, ...chain].map((secret, index) => secretSql(secret, index, place));
}

function secretSql(secret: unknown, index: number, place: CredentialsPlace): string {
  if (secret === null || typeof secret !== 'object') throw wrong(place, 'a secret is a mapping with a "type"');
  const { name, persistent, scope, ...rest } = secret as Mapping;
  if (typeof rest.type !== 'string') throw wrong(place, 'a secret needs a "type"');
  const scopes = scope === undefined || scope === null ? [] : Array.isArray(scope) ? scope : [scope];
  const options = Object.entries(rest)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => secretOption(key, value));
  const scoped = scopes.map((item) => `scope ${quoteLiteral(String(item))}`);
  const kind = persistent === true ? 'PERSISTENT ' : '';
  return `CREATE OR REPLACE ${kind}SECRET ${String(name ?? `_dbt_secret_${index + 1}`)} (${[...options, ...scoped].join(', ')})`;
}

function secretOption(key: string, value: unknown): string {
  if (Array.isArray(value)) return `${key} array [${value.map((item) => quoteLiteral(String(item))).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const items = Object.entries(value).map(([k, v]) => `${quoteLiteral(k)}: ${quoteLiteral(String(v))}`);
    return `${key} map {${items.join(', ')}}`;
  }
  return unquotedSecretKeys.has(key) ? `${key} ${String(value)}` : `${key} ${quoteLiteral(String(value))}`;
}

interface Attachment {
  readonly alias: string;
  readonly isLake: boolean;
  readonly sql: string;
}

function attachments(output: Mapping, place: CredentialsPlace): Attachment[] {
  return list(output.attach, 'attach', place).map((entry) => attachment(entry as Mapping, place));
}

function attachment(entry: Mapping, place: CredentialsPlace): Attachment {
  const file = entry === null || typeof entry !== 'object' ? undefined : text(entry, 'path', place);
  if (file === undefined) throw wrong(place, 'an entry of "attach" needs a "path"');
  const alias = text(entry, 'alias', place);
  const options = { ...((entry.options ?? {}) as Mapping) };
  const direct = { type: entry.type, secret: entry.secret, read_only: entry.read_only };
  for (const [name, value] of Object.entries(direct)) {
    if (!value) continue;
    if (name in options) throw wrong(place, `attach "${file}": "${name}" is given twice, directly and in "options"`);
    options[name] = value;
  }
  const words = Object.entries(options).flatMap(([name, value]) => attachOption(name, value));
  const as = alias === undefined ? '' : ` AS ${alias}`;
  return {
    alias: alias ?? databaseName(file),
    isLake: entry.is_ducklake === true || /ducklake:/i.test(file),
    sql: `ATTACH IF NOT EXISTS ${quoteLiteral(file)}${as}${words.length === 0 ? '' : ` (${words.join(', ')})`}`,
  };
}

function attachOption(name: string, value: unknown): string[] {
  if (value === null || value === undefined || value === false) return [];
  const word = name.toUpperCase();
  if (value === true) return [word];
  if (typeof value !== 'string' || ['type', 'secret'].includes(name)) return [`${word} ${String(value)}`];
  return [/^\s*(['"]).*\1\s*$/s.test(value) ? `${word} ${value}` : `${word} ${quoteLiteral(value)}`];
}

function readRetries(value: unknown): Credentials['retries'] {
  const { connect_attempts = 1, query_attempts = 1 } = (value ?? {}) as Mapping;
  return { connect: Number(connect_attempts) || 1, query: Number(query_attempts) || 1 };
}
