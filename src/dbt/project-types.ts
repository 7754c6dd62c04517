/** What is read from dbt_project.yml, profiles.yml and the command line, and what parsing hands to running. */
import type { DuckhouseError } from '../errors.ts';
import type { DbtManifest, Dict, Json, MacroNode, ManifestNode } from './manifest-types.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** One installed package, the root project included. Paths are relative to `root`, as configured. */
export interface DbtProject {
  readonly name: string;
  readonly version: string | null;
  readonly root: string;
  readonly profileName: string | null;
  readonly modelPaths: readonly string[];
  readonly macroPaths: readonly string[];
  readonly seedPaths: readonly string[];
  readonly testPaths: readonly string[];
  readonly analysisPaths: readonly string[];
  readonly snapshotPaths: readonly string[];
  readonly docsPaths: readonly string[];
  readonly assetPaths: readonly string[];
  readonly functionPaths: readonly string[];
  readonly targetPath: string;
  readonly logPath: string;
  readonly packagesInstallPath: string;
  readonly cleanTargets: readonly string[];
  readonly quoting: Readonly<Dict<boolean>>;
  readonly dispatch: readonly { readonly macro_namespace: string; readonly search_order: readonly string[] }[];
  readonly vars: Readonly<Dict>;
  readonly flags: Readonly<Dict>;
  readonly requireDbtVersion: readonly string[];
  readonly onRunStart: readonly string[];
  readonly onRunEnd: readonly string[];
  readonly queryComment: unknown;
  /** What selectors.yml holds, rendered; null where there is none, and for packages. */
  readonly selectors: unknown;
  /** The config trees (`models:`, `seeds:` ...), rendered, and as written. */
  readonly trees: Readonly<Dict<Dict>>;
  readonly unrenderedTrees: Readonly<Dict<Dict>>;
  /** The file, rendered and raw. */
  readonly rendered: Readonly<Dict>;
  readonly raw: Readonly<Dict>;
}

/** One output of one profile, rendered. `credentials` holds every key of the output; secrets are in it: never log it. */
export interface DbtProfile {
  readonly name: string;
  readonly targetName: string;
  readonly type: string;
  readonly database: string;
  readonly schema: string;
  readonly threads: number;
  readonly credentials: Readonly<Dict>;
  /** The file it came from. */
  readonly path: string;
}

/** Flags that change what parsing makes; the command line, DBT_* variables and `flags:` of the project merged. */
export interface ParseFlags {
  readonly projectDir: string;
  readonly profilesDir?: string | undefined;
  /** Workspace whose `config/dbt_profiles.yml` is the last place looked at. */
  readonly workspace?: string | undefined;
  readonly profile?: string | undefined;
  readonly target?: string | undefined;
  readonly threads?: number | undefined;
  readonly targetPath?: string | undefined;
  readonly vars?: Readonly<Dict> | undefined;
  /** Whatever `flags.X` shows to templates, upper-case names. */
  readonly flags?: Readonly<Dict> | undefined;
  readonly env: Env;
  /** The folder the command was given in; the project's own by default. */
  readonly cwd?: string | undefined;
  readonly logPath?: string | undefined;
  readonly invocationId?: string | undefined;
  readonly runStartedAt?: Date | undefined;
  readonly versionCheck?: boolean | undefined;
  /** The only folder whose files may be read. */
  readonly within?: string | undefined;
}

export interface ParseWarning {
  /** The event's name in dbt, e.g. NoNodesForSelectionCriteria. */
  readonly name: string;
  readonly message: string;
  /** What programs read of it. */
  readonly data?: Readonly<Dict>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What parsing tells while it works: `log()` of templates, deprecations, warnings. */
export interface ParseSink {
  readonly log?: (level: LogLevel, message: string) => void;
  readonly print?: (message: string) => void;
  readonly warn?: (warning: ParseWarning) => void;
}

/** All macros, found by package; answers the questions that Jinja contexts ask. */
export interface MacroIndex {
  /** `package.name`, exactly. */
  readonly find: (packageName: string, name: string) => MacroNode | undefined;
  /** The macro an unqualified `name` means inside `packageName`: local, then root, then built in. */
  readonly resolve: (name: string, packageName: string) => MacroNode | undefined;
  /** The macro that a generic test of a node in `packageName` is written down to use, whatever package the test names: as `resolve`, but macros of other packages come before the built-in ones. */
  readonly testMacro: (name: string, packageName: string) => MacroNode | undefined;
  /** As `adapter.dispatch`: throws a NotFound that lists every name tried. */
  readonly dispatch: (name: string, namespace: string | null, packageName: string) => MacroNode;
  /** The same; undefined when no name tried is one of a macro. */
  readonly dispatched: (name: string, namespace: string | null, packageName: string) => MacroNode | undefined;
  /** Macro that builds `materialized`, for the adapter or by default. */
  readonly materialization: (materialized: string) => MacroNode | undefined;
  /** `generate_schema_name` and its like: only root and built-in macros count, and the node's own package. */
  readonly generate: (component: 'schema' | 'alias' | 'database', packageName: string) => MacroNode;
  readonly packages: readonly string[];
  readonly namesIn: (packageName: string) => readonly string[];
}

export interface ParseTimings {
  readonly load: number;
  readonly macros: number;
  readonly nodes: number;
  readonly yaml: number;
  readonly link: number;
  readonly total: number;
}

export interface ParsedProject {
  readonly project: DbtProject;
  readonly profile: DbtProfile;
  /** By name, the root first, `dbt_duckdb` and `dbt` last. */
  readonly projects: ReadonlyMap<string, DbtProject>;
  readonly manifest: DbtManifest;
  readonly macros: MacroIndex;
  readonly graph: DbtGraph;
  readonly warnings: readonly ParseWarning[];
  readonly timings: ParseTimings;
  readonly vars: Readonly<Dict>;
  readonly flags: Readonly<Dict>;
  readonly invocationId: string;
  readonly runStartedAt: Date;
}

export type ParseProject = (flags: ParseFlags, sink?: ParseSink) => ParsedProject;

/** Directed, acyclic. Tests are leaves; edges name unique ids. */
export interface DbtGraph {
  readonly parents: ReadonlyMap<string, readonly string[]>;
  readonly children: ReadonlyMap<string, readonly string[]>;
  /** Ids so that parents come before children; ties by id. */
  readonly order: readonly string[];
  /** Of nodes that depend on one another in a circle, which are not in the order: nothing can be run then. */
  readonly cycle?: DuckhouseError | undefined;
}

export type IndirectSelection = 'eager' | 'cautious' | 'buildable' | 'empty';

export interface SelectionRequest {
  readonly select?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly selector?: string | undefined;
  readonly indirectSelection?: IndirectSelection | undefined;
  /** Kinds the command works on; undefined = all. */
  readonly resourceTypes?: readonly string[] | undefined;
  readonly excludeResourceTypes?: readonly string[] | undefined;
  /** Nodes whose files are blank too. */
  readonly includeEmpty?: boolean | undefined;
  /** Manifest and results of `--state`. */
  readonly previous?: PreviousState | undefined;
}

export interface PreviousState {
  readonly manifest: DbtManifest | undefined;
  readonly runResults: Json | undefined;
  readonly sources: Json | undefined;
  /** `sources.json` of the current target folder, for `source_status`. */
  readonly currentSources: Json | undefined;
  readonly projectRoot: string | undefined;
}

export interface Selection {
  /** Selected ids in graph order. */
  readonly ids: readonly string[];
  readonly warnings: readonly ParseWarning[];
}

export type SelectNodes = (parsed: ParsedProject, request: SelectionRequest) => Selection;
export type { DbtManifest, MacroNode, ManifestNode };
