/** Finds and reads profiles.yml: one output of the project's profile. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError, nearestNames } from '../../errors.ts';
import { databaseName } from '../adapter/credentials.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText, typeName } from '../plain.ts';
import type { DbtProfile, Env } from '../project-types.ts';
import { checkWithin } from '../within.ts';
import type { LoadYaml, RenderYaml } from './project.ts';
import { renderAll } from './render.ts';

export interface ProfileRequest {
  readonly projectDir: string;
  readonly cwd: string;
  readonly home: string | undefined;
  readonly env: Env;
  readonly profilesDir?: string | undefined;
  readonly workspace?: string | undefined;
  /** The profile's name: from the command line, else from dbt_project.yml. */
  readonly profile: string | null | undefined;
  readonly target?: string | undefined;
  readonly threads?: number | undefined;
  /** The only folder whose files may be read. */
  readonly within?: string | undefined;
}

/** The files where profiles may be, in the order in which they are looked for. */
export function profileFiles({ profilesDir, env, cwd, projectDir, home, workspace }: ProfileRequest): string[] {
  const named = profilesDir ?? env.DBT_PROFILES_DIR;
  if (named !== undefined && named !== '') {
    const folder = path.resolve(cwd, named);
    return [path.join(folder, 'profiles.yml'), path.join(folder, 'dbt_profiles.yml')];
  }
  return [...new Set(profilePlaces({ cwd, projectDir, home, workspace }))];
}

function profilePlaces({
  cwd,
  projectDir,
  home,
  workspace,
}: Pick<ProfileRequest, 'cwd' | 'projectDir' | 'home' | 'workspace'>): string[] {
  return [
    path.join(cwd, 'profiles.yml'),
    path.join(projectDir, 'profiles.yml'),
    ...(home === undefined ? [] : [path.join(home, '.dbt', 'profiles.yml')]),
    ...(workspace === undefined ? [] : [path.join(workspace, 'config', 'dbt_profiles.yml')]),
  ];
}

export function readProfile(request: ProfileRequest, load: LoadYaml, render: RenderYaml): DbtProfile {
  const { profile: name } = request;
  if (name === null || name === undefined)
    throw new DuckhouseError('InvalidArgument', 'no profile is named', {
      hint: "add 'profile: NAME' to dbt_project.yml, or give --profile NAME",
    });
  const files = profileFiles(request).filter((file) => existsSync(file));
  if (files.length === 0)
    throw new DuckhouseError('NotFound', `no profiles.yml found; looked for ${profileFiles(request).join(', ')}`, {
      id: 'dbt-profiles-missing',
      context: { name, files: profileFiles(request).join(', ') },
      hint: 'write one there, or name its folder with --profiles-dir or DBT_PROFILES_DIR',
    });
  for (const file of files) checkWithin(request.within, file);
  const found = files.map((file) => ({ file, content: load(readFileSync(file, 'utf8'), file) }));
  const holder = found.find(({ content }) => isDict(content) && name in content);
  if (holder === undefined) {
    const there = found.flatMap(({ content }) => (isDict(content) ? Object.keys(content) : []));
    const [file, known] = [files.join(', '), there.filter((key) => key !== 'config').join(', ') || '-'];
    throw new DuckhouseError('NotFound', `profile '${name}' is not in ${file}; there are: ${known}`, {
      id: 'dbt-profile-missing',
      context: { name, file, known, candidates: nearestNames(name, there) },
    });
  }
  return profileOf(request, holder.file, (holder.content as Dict)[name], render);
}

function profileOf(request: ProfileRequest, file: string, content: unknown, render: RenderYaml): DbtProfile {
  const name = request.profile as string;
  const wrong = (problem: string, candidates: readonly string[] = []): DuckhouseError =>
    new DuckhouseError('DataInvalid', `${file}: ${problem}`, { context: { path: file, name, candidates } });
  if (!isDict(content)) throw wrong(`profile '${name}' must be a dictionary, not a ${typeName(content)}`);
  const { outputs } = content;
  if (!isDict(outputs)) throw wrong(`profile '${name}' has no outputs`);
  const targetName =
    request.target ?? (content.target === undefined ? 'default' : String(render(String(content.target))));
  const output = outputs[targetName];
  if (output === undefined)
    throw wrong(
      `profile '${name}' has no target named '${targetName}'; it has ${Object.keys(outputs).join(', ')}`,
      nearestNames(targetName, Object.keys(outputs)),
    );
  if (!isDict(output))
    throw wrong(`output '${targetName}' of profile '${name}' must be a dictionary, not a ${typeName(output)}`);
  const { type, threads, ...credentials } = renderAll(output, render) as Dict;
  if (type === undefined) throw wrong(`target '${targetName}' of profile '${name}' has no type: it must be duckdb`);
  if (type !== 'duckdb')
    throw new DuckhouseError(
      'Unsupported',
      `${file}: target '${targetName}' of profile '${name}' is of type '${String(type)}'; only duckdb is supported`,
      {
        context: { path: file, name },
      },
    );
  const dbPath = credentials.path ?? ':memory:';
  if (!isText(dbPath)) throw wrong(`'path' of target '${targetName}' must be a string, not a ${typeName(dbPath)}`);
  for (const [key, { is, name: wanted }] of Object.entries(credentialShapes)) {
    const value = credentials[key];
    if (value !== undefined && value !== null && !is(value))
      throw wrong(`'${key}' of target '${targetName}' must be ${wanted}, not a ${typeName(value)}`);
  }
  const count = request.threads ?? threads ?? 1;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
    throw wrong(`'threads' of target '${targetName}' must be a whole number above zero, not ${JSON.stringify(count)}`);
  return {
    name,
    targetName,
    type: 'duckdb',
    database: databaseOf(credentials, dbPath, wrong),
    schema: isText(credentials.schema) ? credentials.schema : 'main',
    threads: count,
    credentials: { ...credentials, path: dbPath },
    path: file,
  };
}

const list = { is: Array.isArray, name: 'a list' };
const dict = { is: isDict, name: 'a dictionary' };
const credentialShapes: Readonly<Record<string, { readonly is: (value: unknown) => boolean; readonly name: string }>> =
  {
    schema: { is: (value) => !Array.isArray(value) && !isDict(value), name: 'a string' },
    extensions: list,
    secrets: list,
    attach: list,
    plugins: list,
    settings: dict,
    config_options: dict,
  };

/** The database's name is the path's; another only when it is attached. */
function databaseOf(credentials: Dict, dbPath: string, wrong: (problem: string) => DuckhouseError): string {
  const fromPath = databaseName(dbPath);
  const given = credentials.database;
  if (!isText(given) || given === fromPath) return fromPath;
  const aliases = (Array.isArray(credentials.attach) ? credentials.attach : []).map((one) =>
    isDict(one) ? one.alias : undefined,
  );
  if (aliases.includes(given) || isDict(credentials.remote)) return given;
  throw wrong(
    `'database' is ${given}, but the file ${dbPath} is named ${fromPath}, and nothing is attached as ${given}`,
  );
}
