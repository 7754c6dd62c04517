/** Reads dbt_project.yml. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText, listOf, typeName } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { checkProjectShape } from './project-shape.ts';

export interface ProjectText {
  readonly root: string;
  readonly text: string;
  readonly raw: Dict;
  /** Vars that stand in a file of their own. */
  readonly fileVars?: Readonly<Dict>;
}

export type RenderYaml = (text: string) => unknown;
export type LoadYaml = (text: string, path: string) => unknown;

const fileName = 'dbt_project.yml';

/** `varsFile`: whether vars.yml beside it is read, as it is for the root project. */
export function readProjectText(root: string, load: LoadYaml, { varsFile = true } = {}): ProjectText {
  const file = path.join(root, fileName);
  if (!existsSync(file))
    throw new DuckhouseError('NotFound', `no ${fileName} found in ${root}`, {
      id: 'dbt-project-missing',
      context: { path: file, file: fileName, folder: root },
      hint: 'run in the folder of a dbt project, or name it with --project-dir',
    });
  const text = readFileSync(file, 'utf8');
  const raw = load(text, file);
  if (!isDict(raw)) throw invalid(file, `it must hold a dictionary, not a ${typeName(raw)}`);
  const fileVars = varsFile ? readVarsFile(root, load) : undefined;
  if (fileVars === undefined) return { root, text, raw };
  if (isDict(raw.vars) && Object.keys(raw.vars).length > 0)
    throw invalid(file, `it has vars, and so has ${varsFileName} beside it`, 'keep them in one of the two files');
  return { root, text, raw: { ...raw, vars: fileVars }, fileVars };
}

const varsFileName = 'vars.yml';

function readVarsFile(root: string, load: LoadYaml): Readonly<Dict> | undefined {
  const file = path.join(root, varsFileName);
  if (!existsSync(file)) return undefined;
  const content = load(readFileSync(file, 'utf8'), file);
  if (!isDict(content)) {
    if (content === null || content === undefined) return undefined;
    throw invalid(file, `it must hold a dictionary, not a ${typeName(content)}`);
  }
  const vars = content.vars ?? {};
  if (!isDict(vars)) throw invalid(file, `'vars' must be a dictionary, not a ${typeName(vars)}`);
  return Object.keys(vars).length === 0 ? undefined : vars;
}

const invalid = (file: string, problem: string, hint?: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `${file}: ${problem}`, { context: { path: file }, hint });

const treeKeys = [
  'models',
  'seeds',
  'snapshots',
  'sources',
  'data_tests',
  'unit_tests',
  'exposures',
  'metrics',
  'semantic_models',
  'saved_queries',
  'analyses',
  'functions',
] as const;

export interface BuildOptions {
  readonly targetPath?: string | undefined;
  readonly logPath?: string | undefined;
}

export function buildProject(source: ProjectText, render: RenderYaml, options: BuildOptions = {}): DbtProject {
  const { raw, root } = source;
  const file = path.join(root, fileName);
  const rendered = renderProject(raw, render);
  checkProjectShape(file, rendered);
  const { name } = rendered;
  if (!isText(name)) throw invalid(file, `it has no name`);
  if (!/^[^\d\W]\w*$/.test(name))
    throw invalid(
      file,
      `name '${name}' may hold letters, digits and underscores only, and must not begin with a digit`,
    );
  const paths = (key: string, otherwise: readonly string[], old?: string): readonly string[] => {
    const value = rendered[key] ?? (old === undefined ? undefined : rendered[old]);
    if (value === undefined || value === null) return otherwise;
    if (!Array.isArray(value) || !value.every(isText))
      throw invalid(file, `'${key}' must be a list of folders, not ${JSON.stringify(value)}`);
    return value.map((one) => one.replace(/\/+$/, ''));
  };
  const modelPaths = paths('model-paths', ['models'], 'source-paths');
  const seedPaths = paths('seed-paths', ['seeds'], 'data-paths');
  const snapshotPaths = paths('snapshot-paths', ['snapshots']);
  const analysisPaths = paths('analysis-paths', ['analyses']);
  const macroPaths = paths('macro-paths', ['macros']);
  const testPaths = paths('test-paths', ['tests']);
  const functionPaths = paths('function-paths', ['functions']);
  const everywhere = [
    ...modelPaths,
    ...seedPaths,
    ...snapshotPaths,
    ...analysisPaths,
    ...macroPaths,
    ...testPaths,
    ...functionPaths,
  ];
  const targetPath = options.targetPath ?? textOr(rendered['target-path'], 'target');
  return {
    name,
    version: rendered.version === undefined || rendered.version === null ? null : String(rendered.version),
    root,
    profileName: isText(rendered.profile) ? rendered.profile : null,
    modelPaths,
    macroPaths,
    seedPaths,
    testPaths,
    analysisPaths,
    snapshotPaths,
    functionPaths,
    docsPaths: paths('docs-paths', [...new Set(everywhere)]),
    assetPaths: paths('asset-paths', []),
    targetPath,
    logPath: options.logPath ?? textOr(rendered['log-path'], 'logs'),
    packagesInstallPath: textOr(rendered['packages-install-path'], 'dbt_packages'),
    cleanTargets: paths('clean-targets', [targetPath]),
    quoting: dictOf(rendered.quoting) as Dict<boolean>,
    dispatch: dispatchOf(file, rendered.dispatch),
    vars: dictOf(rendered.vars),
    flags: dictOf(rendered.flags),
    requireDbtVersion: (rendered['require-dbt-version'] === undefined
      ? []
      : listOf(rendered['require-dbt-version'])
    ).map(String),
    onRunStart: hooksOf(rendered['on-run-start']),
    onRunEnd: hooksOf(rendered['on-run-end']),
    queryComment: rendered['query-comment'],
    selectors: null,
    trees: treesOf(file, underscored(rendered)),
    unrenderedTrees: treesOf(file, raw),
    rendered,
    raw,
  };
}

const dictOf = (value: unknown): Dict => (isDict(value) ? value : {});
const textOr = (value: unknown, otherwise: string): string => (isText(value) ? value : otherwise);
const hooksOf = (value: unknown): string[] => (value === undefined || value === null ? [] : listOf(value).map(String));

/** Keys may be written with dashes; what was written, unrendered, is looked for by its underscores only, as dbt does. */
const underscored = (content: Dict): Dict =>
  Object.fromEntries(Object.entries(content).map(([key, value]) => [key.replaceAll('-', '_'), value]));

function treesOf(file: string, content: Dict): Dict<Dict> {
  const trees: Dict<Dict> = {};
  for (const key of treeKeys) {
    const value = key === 'data_tests' ? (content.data_tests ?? content.tests) : content[key];
    if (value === undefined || value === null) continue;
    if (!isDict(value)) throw invalid(file, `'${key}' must be a dictionary of configs, not a ${typeName(value)}`);
    trees[key] = value;
  }
  return trees;
}

function dispatchOf(file: string, value: unknown): DbtProject['dispatch'] {
  if (value === undefined || value === null) return [];
  return listOf(value).map((entry) => {
    if (isDict(entry) && isText(entry.macro_namespace) && Array.isArray(entry.search_order))
      return { macro_namespace: entry.macro_namespace, search_order: entry.search_order.map(String) };
    throw invalid(
      file,
      `every entry of 'dispatch' needs a macro_namespace and a search_order, unlike ${JSON.stringify(entry)}`,
    );
  });
}

const hookKeys = new Set(['pre-hook', 'post-hook', 'pre_hook', 'post_hook']);

/** Hooks, query comment and vars keep their expressions until they are used. */
function renderProject(raw: Dict, render: RenderYaml): Dict {
  const visit = (value: unknown, keys: readonly (string | number)[]): unknown => {
    const [first] = keys;
    if (first === 'on-run-start' || first === 'on-run-end' || first === 'query-comment' || first === 'vars')
      return value;
    if (keys.some((key) => typeof key === 'string' && hookKeys.has(key.replace(/^[+ ]+/, '')))) return value;
    if (isText(value)) return render(value);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...keys, index]));
    if (!isDict(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...keys, key])]));
  };
  return visit(raw, []) as Dict;
}
