/**
 * The config of a resource: the tree of its own project, then its YAML properties, then `config()` calls in its file,
 * then, for a package's resource, the tree of the root project. The part that comes from trees is the same for all
 * resources below one entry of a tree, so it is made once per entry.
 */
import { fromJs, str } from '../../jinja/index.ts';
import type { Dict, Hook, NodeType } from '../manifest-types.ts';
import { entryOf, isDict, listOf } from '../plain.ts';
import type { DbtProject } from '../project-types.ts';
import { type ConfigOwner, checkConfig } from './config-check.ts';
import { type ConfigKind, configKindOf } from './config-kinds.ts';
import { mergeConfig } from './config-merge.ts';

export interface ConfigRequest {
  readonly type: NodeType;
  readonly packageName: string;
  readonly fqn: readonly string[];
  readonly calls?: Readonly<Dict> | undefined;
  readonly patch?: Readonly<Dict> | undefined;
}

export interface ConfigBuilder {
  /** Merged, hooks as dictionaries, types checked. The caller owns the top level of the result. */
  readonly build: (request: ConfigRequest, owner: ConfigOwner) => Dict;
  /** What was written, unrendered, later levels replacing earlier ones. */
  readonly unrendered: (request: ConfigRequest) => Dict;
  /** What the trees of dbt_project.yml alone give. */
  readonly fromTrees: (request: ConfigRequest) => Readonly<Dict>;
}

type Level = Readonly<Dict>;

export function createConfigBuilder(root: DbtProject, projects: ReadonlyMap<string, DbtProject>): ConfigBuilder {
  const trees = new TreeConfigs();
  const written = new WrittenConfigs();
  /** Configs that nothing but trees gives, checked once. */
  const finished = new Map<Readonly<Dict>, Dict>();
  const treeOf = (project: DbtProject | undefined, key: string, raw: boolean): Level =>
    ((raw ? project?.unrenderedTrees : project?.trees)?.[key] as Level | undefined) ?? noLevel;

  const fromTrees = ({ type, packageName, fqn }: ConfigRequest): Readonly<Dict> =>
    trees.merged(configKindOf(type), treeOf(projects.get(packageName), configKindOf(type).tree, false), fqn);

  return {
    fromTrees,
    build(request, owner) {
      const kind = configKindOf(request.type);
      const base = fromTrees(request);
      if (request.patch === undefined && request.calls === undefined && request.packageName === root.name)
        return { ...entryOf(finished, base, () => finishConfig({ ...base }, kind, request.type, owner)) };
      let config: Dict = { ...base };
      if (request.patch !== undefined) config = mergeConfig(kind, config, request.patch);
      if (request.calls !== undefined) config = mergeConfig(kind, config, request.calls);
      if (request.packageName !== root.name)
        for (const level of levelsOf(treeOf(root, kind.tree, false), request.fqn))
          config = mergeConfig(kind, config, configsOf(level));
      return finishConfig(config, kind, request.type, owner);
    },
    unrendered(request) {
      // What is written about functions is looked for among the models, as dbt does.
      const { tree } = configKindOf(request.type === 'function' ? 'model' : request.type);
      const own = written.of(treeOf(projects.get(request.packageName), tree, true), request.fqn);
      const over =
        request.packageName === root.name ? [] : levelsOf(treeOf(root, tree, true), request.fqn).map(configsOf);
      return Object.assign({}, own, request.patch, request.calls, ...over) as Dict;
    },
  };
}

const noLevel: Level = {};

/** Merged configs of a tree, kept by the deepest entry that a name reaches. */
class TreeConfigs {
  readonly #kept = new Map<ConfigKind, Map<Level, Readonly<Dict>>>();

  merged(kind: ConfigKind, tree: Level, fqn: readonly string[]): Readonly<Dict> {
    const levels = levelsOf(tree, fqn);
    const deepest = levels[levels.length - 1] as Level;
    const kept = entryOf(this.#kept, kind, () => new Map<Level, Readonly<Dict>>());
    let config = kept.get(deepest);
    if (config === undefined) {
      config = levels.reduce<Dict>((base, level) => mergeConfig(kind, base, configsOf(level)), { ...kind.defaults });
      kept.set(deepest, config);
    }
    return config;
  }
}

/** What is written along a name in a tree, kept by the deepest entry that it reaches. */
class WrittenConfigs {
  readonly #kept = new Map<Level, Readonly<Dict>>();

  of(tree: Level, fqn: readonly string[]): Readonly<Dict> {
    const levels = levelsOf(tree, fqn);
    return entryOf(
      this.#kept,
      levels[levels.length - 1] as Level,
      () => Object.assign({}, ...levels.map(configsOf)) as Dict,
    );
  }
}

/** The entries of a tree that `fqn` passes through, the tree itself first. */
function levelsOf(tree: Level, fqn: readonly string[]): Level[] {
  const levels = [tree];
  let level: unknown = tree;
  for (const name of fqn) {
    level = (level as Level)[name];
    if (!isDict(level)) break;
    levels.push(level);
  }
  return levels;
}

/** A key with a plus, or whose value is no dictionary, is a config; the others are paths. */
function configsOf(level: Level): Dict {
  const configs: Dict = {};
  for (const [key, value] of Object.entries(level)) {
    if (key.startsWith('+')) configs[key.slice(1).trim()] = value;
    else if (!isDict(value)) configs[key] = value;
  }
  return configs;
}

const wordKeys = [
  'alias',
  'database',
  'incremental_strategy',
  'materialized',
  'on_schema_change',
  'schema',
  'unique_key',
];

/** Numbers as the texts that dbt makes of them. */
const asWords = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(asWords);
  return typeof value === 'number' ? String(value) : value;
};

function finishConfig(config: Dict, kind: ConfigKind, type: NodeType, owner: ConfigOwner): Dict {
  if (typeof config.static_analysis === 'boolean') config.static_analysis = config.static_analysis ? 'on' : 'off';
  checkConfig(config, owner, kind.defaults);
  for (const key of wordKeys) if (key in config) config[key] = asWords(config[key]);
  if ('tags' in config) config.tags = listOf(config.tags).map((tag) => str(fromJs(tag)));
  for (const key of ['pre-hook', 'post-hook']) if (Array.isArray(config[key])) config[key] = config[key].map(hookOf);
  if (isDict(config.contract)) {
    const { enforced, alias_types } = config.contract;
    config.contract = { enforced, alias_types };
  }
  if (type === 'test') finishTest(config);
  if (type === 'model') finishModel(config);
  return config;
}

/** `store_failures_as` decides; without it `store_failures` does. */
function finishTest(config: Dict): void {
  const { store_failures: store, store_failures_as: as } = config;
  if (as === null) config.store_failures_as = store === null ? null : store === true ? 'table' : 'ephemeral';
  else config.store_failures = as !== 'ephemeral';
}

function finishModel(config: Dict): void {
  const { freshness } = config;
  if (!isDict(freshness) || !isDict(freshness.build_after)) config.freshness = null;
  else {
    const { count = null, period = null, updates_on = 'any' } = freshness.build_after;
    config.freshness = {
      build_after: { count: count === null ? null : Math.trunc(Number(count)), period, updates_on },
    };
  }
}

/** A hook is text, a dictionary, or text that holds a dictionary (from `before_begin` and its like). */
function hookOf(source: unknown): Hook {
  const written = typeof source === 'string' ? parseHook(source) : (source as Dict);
  return {
    sql: String(written.sql ?? ''),
    transaction: written.transaction !== false,
    index: (written.index as number | null | undefined) ?? null,
  };
}

function parseHook(text: string): Dict {
  if (!text.trimStart().startsWith('{')) return { sql: text };
  try {
    const parsed: unknown = JSON.parse(text);
    return isDict(parsed) ? parsed : { sql: text };
  } catch {
    return { sql: text };
  }
}
