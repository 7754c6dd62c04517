import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import type { JwtOptions, Role } from '../access/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { PutMode } from '../lakehouse/index.ts';
import { type Language, languageOf } from '../messages/index.ts';
import { type SettingName, settingNames, settingOf } from './settings.ts';
import { type FoundValue, readYaml } from './yaml-file.ts';

/** The configuration of one command, read once. Paths are absolute; bytes and seconds as their names say. */
export interface Config {
  readonly workspace: string;
  readonly host: string;
  readonly flightPort: number;
  readonly httpPort: number;
  readonly putMode: PutMode;
  readonly maxMessageBytes: number;
  readonly maxHeaderBytes: number;
  readonly database: string;
  /** Bytes; undefined = 60 % of the machine. */
  readonly memoryLimit: number | undefined;
  /** Bytes; undefined = 80 % of the machine. */
  readonly memoryWall: number | undefined;
  readonly workers: number | undefined;
  readonly preserveOrder: boolean;
  readonly queryTimeoutSeconds: number | undefined;
  readonly maxRows: number | undefined;
  readonly groupCommit: boolean;
  readonly maxSessions: number;
  readonly sessionIdleSeconds: number;
  /** Open at once in one session. */
  readonly maxStatements: number;
  /** Statements of all sessions together: more wait their turn. */
  readonly maxRunning: number;
  readonly drainSeconds: number;
  readonly insecure: boolean;
  readonly username: string;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly usersFile: string;
  /** Keys that tokens of this workspace are signed with. */
  readonly tokenKeyFile: string;
  readonly tokenKey: string | undefined;
  readonly tokenHours: number;
  readonly trusted: boolean;
  readonly certificateRole: Role | undefined;
  readonly jwt: JwtOptions | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  readonly tlsCa: string | undefined;
  readonly server: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'json' | 'text';
  readonly lang: Language;
  readonly csvPath: string | undefined;
  readonly flightTableName: string | undefined;
  readonly stateDir: string;
  /** Each setting with the text it was given and where. */
  readonly origins: ReadonlyMap<SettingName, FoundValue>;
}

export interface ConfigSources {
  readonly workspace: string;
  /** Given on the command line, by setting. */
  readonly flags?: Readonly<Partial<Record<SettingName, string>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Flag, then environment, then .env, then duckhouse.yaml, then default. InvalidArgument names place, setting and value. */
export function loadConfig({ workspace, flags = {}, env = process.env }: ConfigSources): Config {
  const folder = path.resolve(workspace);
  const dotEnv = readDotEnv(path.join(folder, '.env'));
  const yaml = readYaml(path.join(folder, 'duckhouse.yaml'), 'duckhouse.yaml', { ...dotEnv, ...env });
  const origins = new Map<SettingName, FoundValue>();
  for (const name of settingNames) {
    const found = findValue(name, { flags, env, dotEnv, yaml });
    if (found !== undefined) origins.set(name, check(name, found));
  }
  return freeze(folder, origins);
}

/** The environment as a workspace completes it: what its `.env` says counts where the environment says nothing. */
export const workspaceEnv = (
  workspace: string,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> => ({ ...readDotEnv(path.join(workspace, '.env')), ...env });

/** A setting by its name in duckhouse.yaml; a secret is masked. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string | undefined;
  readonly origin: string | undefined;
}

export const shownSettings = ({ origins }: Config): readonly ShownSetting[] =>
  settingNames.map((name) => {
    const found = origins.get(name);
    const { yaml, secret = false } = settingOf(name);
    return { name: yaml, value: found === undefined || !secret ? found?.value : '***', origin: found?.origin };
  });

interface Sources {
  readonly flags: NonNullable<ConfigSources['flags']>;
  readonly env: NonNullable<ConfigSources['env']>;
  readonly dotEnv: Readonly<Record<string, string | undefined>>;
  readonly yaml: ReadonlyMap<SettingName, FoundValue>;
}

function findValue(name: SettingName, { flags, env, dotEnv, yaml }: Sources): FoundValue | undefined {
  const { env: variables, fallback, flag } = settingOf(name);
  const given = flags[name];
  if (given !== undefined) return { value: given, origin: flag?.split(' ')[0] ?? `--${name}` };
  for (const variable of variables) {
    const value = env[variable];
    if (value !== undefined && value !== '') return { value, origin: variable };
  }
  for (const variable of variables) {
    const value = dotEnv[variable];
    if (value !== undefined && value !== '') return { value, origin: `.env ${variable}` };
  }
  return yaml.get(name) ?? (fallback === undefined ? undefined : { value: fallback, origin: 'default' });
}

/** A folder of that name (Python environments are kept in one) is no settings. */
const readDotEnv = (file: string): Readonly<Record<string, string | undefined>> =>
  statSync(file, { throwIfNoEntry: false })?.isFile() === true ? parseEnv(readFileSync(file, 'utf8')) : {};

function check(name: SettingName, found: FoundValue): FoundValue {
  const { yaml, type, choices } = settingOf(name);
  const number = Number(found.value);
  const wrong = (expected: string): DuckhouseError =>
    new DuckhouseError('InvalidArgument', `${found.origin}: ${yaml} must be ${expected}, not "${found.value}"`, {
      id: 'config-value',
      context: { origin: found.origin, name: yaml, expected, value: found.value },
    });
  if (type === 'port' && !(Number.isInteger(number) && number >= 0 && number <= 65535)) throw wrong('0..65535');
  if (type === 'number' && !(number >= 0)) throw wrong('>= 0');
  if (type === 'count' && !(Number.isInteger(number) && number >= 1)) throw wrong('1, 2, 3, ...');
  if (type === 'flag' && !/^(true|false|1|0|yes|no)$/i.test(found.value)) throw wrong('true | false');
  if (choices !== undefined && !choices.includes(found.value)) throw wrong(choices.join(' | '));
  return found;
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  KB: 1e3,
  KIB: 2 ** 10,
  M: 2 ** 20,
  MB: 1e6,
  MIB: 2 ** 20,
  G: 2 ** 30,
  GB: 1e9,
  GIB: 2 ** 30,
  T: 2 ** 40,
  TB: 1e12,
  TIB: 2 ** 40,
};

function bytesOf(name: SettingName, found: FoundValue | undefined): number | undefined {
  if (found === undefined) return undefined;
  const match = /^([\d.]+)\s*([a-z]*)$/i.exec(found.value.trim());
  const unit = units[(match?.[2] ?? '?').toUpperCase()];
  if (match === null || unit === undefined) {
    const { yaml } = settingOf(name);
    throw new DuckhouseError(
      'InvalidArgument',
      `${found.origin}: ${yaml} must be a size such as 4GB, not "${found.value}"`,
      { id: 'config-size', context: { origin: found.origin, name: yaml, value: found.value } },
    );
  }
  return Math.round(Number(match[1]) * unit);
}

function freeze(workspace: string, origins: ReadonlyMap<SettingName, FoundValue>): Config {
  const text = (name: SettingName): string | undefined => origins.get(name)?.value;
  const number = (name: SettingName): number | undefined => (text(name) === undefined ? undefined : Number(text(name)));
  const flag = (name: SettingName): boolean => /^(true|1|yes)$/i.test(text(name) ?? '');
  // What is typed is meant from where one stands, what is written down from the workspace.
  const file = (name: SettingName): string | undefined => {
    const found = origins.get(name);
    return found === undefined
      ? undefined
      : found.origin.startsWith('--')
        ? path.resolve(found.value)
        : path.resolve(workspace, found.value);
  };
  const stateDir = path.join(workspace, '.duckhouse');
  return Object.freeze({
    workspace,
    stateDir,
    host: text('host') as string,
    flightPort: number('flightPort') as number,
    httpPort: number('httpPort') as number,
    putMode: text('putMode') as PutMode,
    maxMessageBytes: number('maxMessageBytes') as number,
    maxHeaderBytes: number('maxHeaderBytes') as number,
    database:
      text('database') === ':memory:' ? ':memory:' : (file('database') ?? path.join(stateDir, 'warehouse.duckdb')),
    memoryLimit: bytesOf('memoryLimit', origins.get('memoryLimit')),
    memoryWall: bytesOf('memoryWall', origins.get('memoryWall')),
    workers: number('workers'),
    preserveOrder: flag('preserveOrder'),
    queryTimeoutSeconds: number('queryTimeoutSeconds'),
    maxRows: number('maxRows'),
    groupCommit: flag('groupCommit'),
    maxSessions: number('maxSessions') as number,
    sessionIdleSeconds: number('sessionIdleSeconds') as number,
    maxStatements: number('maxStatements') as number,
    maxRunning: number('maxRunning') as number,
    drainSeconds: number('drainSeconds') as number,
    insecure: flag('insecure'),
    username: text('username') as string,
    password: text('password') ?? passwordOf(file('passwordFile')),
    token: text('token'),
    usersFile: file('usersFile') ?? path.join(stateDir, 'users.json'),
    tokenKeyFile: path.join(stateDir, 'token-keys.json'),
    tokenKey: text('tokenKey'),
    tokenHours: number('tokenHours') as number,
    trusted: flag('trusted'),
    certificateRole: text('certificateRole') as Role | undefined,
    jwt: jwtOf(text, file('jwtKeys')),
    tlsCert: file('tlsCert'),
    tlsKey: file('tlsKey'),
    tlsClientCa: file('tlsClientCa'),
    tlsCa: file('tlsCa'),
    server: text('server'),
    logLevel: text('logLevel') as Config['logLevel'],
    logFormat: text('logFormat') as Config['logFormat'],
    lang: languageOf(text('lang')),
    csvPath: file('csvPath'),
    flightTableName: text('flightTableName'),
    origins,
  });
}

/** Issuer and audience are asked for with the keys: a token for somebody else is not for us. */
function jwtOf(text: (name: SettingName) => string | undefined, keyFile: string | undefined): JwtOptions | undefined {
  const keys = text('jwtKeys');
  const needs = (name: SettingName, other: SettingName): never => {
    throw new DuckhouseError('InvalidArgument', `${name} needs ${other}`, {
      id: 'setting-needs',
      context: { name, other },
      hint: `set ${settingOf(other).env[0]}`,
    });
  };
  if (keys === undefined || keyFile === undefined) {
    // Half a configuration is a mistake, and would leave the door open.
    const alone = (['jwtIssuer', 'jwtAudience'] as const).find((name) => text(name) !== undefined);
    return alone === undefined ? undefined : needs(alone, 'jwtKeys');
  }
  const required = (name: 'jwtIssuer' | 'jwtAudience'): string => text(name) ?? needs('jwtKeys', name);
  return {
    jwks: /^https?:\/\//.test(keys) ? keys : keyFile,
    issuer: required('jwtIssuer'),
    audience: required('jwtAudience'),
    skewSeconds: Number(text('jwtSkewSeconds')),
    nameClaim: text('jwtNameClaim'),
    roleClaim: text('jwtRoleClaim'),
    defaultRole: text('jwtDefaultRole') as Role | undefined,
  };
}

function passwordOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new DuckhouseError('InvalidArgument', `cannot read the password file ${file}`, {
      id: 'file-missing',
      context: { file },
      cause,
    });
  }
}
