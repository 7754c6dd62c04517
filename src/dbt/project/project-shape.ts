/** What dbt_project.yml may hold: its keys and the types of their values. */
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText, typeName } from '../plain.ts';
import { isVersion } from '../semver.ts';

interface Shape {
  readonly is: (value: unknown) => boolean;
  readonly name: string;
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isSwitch = (value: unknown): boolean => typeof value === 'boolean' || value === null;
const text: Shape = { is: isText, name: 'a string' };
const folders: Shape = { is: isTexts, name: 'a list of folders' };
const texts: Shape = { is: (value) => isText(value) || isTexts(value), name: 'a string or a list of strings' };
const dict: Shape = { is: isDict, name: 'a dictionary' };
const configs: Shape = { is: isDict, name: 'a dictionary of configs' };
const list: Shape = { is: Array.isArray, name: 'a list' };
const hasOnly = (value: Dict, keys: readonly string[]): boolean =>
  Object.keys(value).every((key) => keys.includes(key));
const quoting: Shape = {
  is: (value) =>
    isDict(value) &&
    Object.values(value).every(isSwitch) &&
    hasOnly(value, ['database', 'schema', 'identifier', 'project']),
  name: "a dictionary of 'database', 'schema' and 'identifier', each true or false",
};
const comment: Shape = {
  is: (value) => isText(value) || (isDict(value) && hasOnly(value, ['comment', 'append', 'job-label'])),
  name: "a string or a dictionary with 'comment', 'append' and 'job-label'",
};
const flag: Shape = { is: (value) => typeof value === 'boolean', name: "'true' or 'false'" };
const any: Shape = { is: () => true, name: 'anything' };

const shapes: ReadonlyMap<string, Shape> = new Map([
  ...['name', 'profile', 'target-path', 'log-path', 'packages-install-path'].map((key) => [key, text] as const),
  ...[
    ...['model', 'source', 'macro', 'seed', 'data', 'test', 'analysis', 'snapshot', 'docs', 'asset', 'function', 'osi'],
  ].map((key) => [`${key}-paths`, folders] as const),
  ['clean-targets', folders],
  ['on-run-start', texts],
  ['on-run-end', texts],
  ['require-dbt-version', texts],
  ...['models', 'seeds', 'snapshots', 'analyses', 'sources', 'tests', 'data_tests', 'unit_tests', 'metrics'].map(
    (key) => [key, configs] as const,
  ),
  ...['semantic-models', 'saved-queries', 'exposures', 'functions'].map((key) => [key, configs] as const),
  ['vars', dict],
  ['flags', dict],
  ['dbt-cloud', dict],
  ['quoting', quoting],
  ['query-comment', comment],
  ['dispatch', list],
  ['packages', list],
  ['restrict-access', flag],
  ...['version', 'config-version', 'project-root'].map((key) => [key, any] as const),
]);

/** Keys that stand for others; both at once leave open which is meant. */
const renamed: readonly (readonly [string, string])[] = [
  ['source-paths', 'model-paths'],
  ['data-paths', 'seed-paths'],
  ['tests', 'data_tests'],
];

/** Words that templates know as something else. */
const reserved: ReadonlySet<string> = new Set(
  `_sql_results adapter api column config context database env env_var exceptions execute flags fromjson fromyaml graph
  invocation_id load_agate_table load_result log model modules post_hooks pre_hooks ref render return run_started_at
  schema source sql sql_now store_result store_raw_result target this tojson toyaml try_or_compiler_error var write`.split(
    /\s+/,
  ),
);

/** Throws for the first thing in a project's rendered file that cannot be. */
export function checkProjectShape(file: string, content: Readonly<Dict>): void {
  const fail = (problem: string, candidates: readonly string[] = []): never => {
    throw new DuckhouseError('DataInvalid', `${file}: ${problem}`, { context: { path: file, candidates } });
  };
  for (const [key, value] of Object.entries(content)) {
    const shape = shapes.get(key);
    if (shape === undefined)
      return fail(
        `there is no key '${key}'`,
        nearestNames(
          key,
          [...shapes.keys()].filter((one) => !(one in content)),
        ),
      );
    if (value !== null && value !== undefined && !shape.is(value))
      fail(`'${key}' must be ${shape.name}, not ${told(value)}`);
  }
  for (const [old, now] of renamed)
    if (isFilled(content[old]) && isFilled(content[now])) fail(`it has both '${old}' and '${now}': keep '${now}' only`);
  const { name, version } = content;
  if (isText(name) && reserved.has(name)) fail(`name '${name}' has another meaning in templates`);
  if ('config-version' in content && content['config-version'] !== 2)
    fail(`'config-version' must be 2, not ${told(content['config-version'])}`);
  checkVersions(content['require-dbt-version'], fail);
  if (version !== undefined && version !== null && !isVersion(String(version)) && !/^\d+\.\d+$/.test(String(version)))
    fail(`'version' must be a version such as 1.0.0, not ${told(version)}`);
}

const isFilled = (value: unknown): boolean =>
  isDict(value) ? Object.keys(value).length > 0 : Array.isArray(value) && value.length > 0;

function checkVersions(given: unknown, fail: (problem: string) => never): void {
  const ranges = (Array.isArray(given) ? given : [given]).filter(isText).flatMap((one) => one.split(','));
  for (const range of ranges)
    if (!isVersion(range.trim()))
      fail(`'require-dbt-version' must hold versions such as '>=1.9.0', not '${range.trim()}'`);
}

const told = (value: unknown): string =>
  isText(value) || typeof value === 'number' || typeof value === 'boolean'
    ? JSON.stringify(value)
    : `a ${typeName(value)}`;
