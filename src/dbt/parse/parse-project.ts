/** From folders to a manifest: loads projects, reads their files in dbt's order, links what they name. */

import { randomUUID } from 'node:crypto';
import { DuckhouseError } from '../../errors.ts';
import { noted } from '../context/reads.ts';
import { isDeprecation } from '../events/deprecations.ts';
import type { DbtManifest, Dict, ManifestNode } from '../manifest-types.ts';
import { type LoadedProjects, loadProjects } from '../project/load.ts';
import { createVars } from '../project/vars.ts';
import type {
  DbtGraph,
  MacroIndex,
  ParsedProject,
  ParseFlags,
  ParseSink,
  ParseTimings,
  ParseWarning,
} from '../project-types.ts';
import { buildGraph } from '../select/graph.ts';
import { checkManifest } from './checks.ts';
import { createConfigBuilder } from './config.ts';
import { createQueryComment } from './context/query-comment.ts';
import { createParseRenderer } from './context/renderer.ts';
import { warnDeprecated } from './deprecated.ts';
import { renderDescriptions } from './descriptions.ts';
import { type FoundFile, findPackageFiles } from './files.ts';
import { readFunction } from './functions.ts';
import { handOut } from './hand-out.ts';
import { holdTelling } from './hold-telling.ts';
import type { FilesByPackage } from './last-parse.ts';
import { linkFunctions, linkMetrics, linkRefs, linkSources, ownDependencies } from './links.ts';
import { DisabledIndex, NameIndex, RefIndex } from './lookups.ts';
import { isBuiltIn } from './macros.ts';
import { emptyManifest, finishMaps } from './manifest.ts';
import type { ParseMemo } from './memo.ts';
import { warnDeprecatedModels } from './model-dates.ts';
import { addDisabled, addEnabled, baseName } from './nodes.ts';
import { parseAgain } from './parse-again.ts';
import { inferPrimaryKeys } from './primary-keys.ts';
import { checkVersion, warnUnusedConfigs } from './project-checks.ts';
import { readMacros } from './read-macros.ts';
import { readSchemaFiles } from './schema-files.ts';
import { linkSemantics } from './semantic-links.ts';
import {
  readAnalysis,
  readDocs,
  readHooks,
  readModel,
  readSeed,
  readSingularTest,
  readSnapshotFile,
} from './sql-files.ts';
import { projectStamp } from './stamp.ts';
import type { ParseState } from './state.ts';
import { linkUnitTests } from './unit-tests.ts';

/**
 * Throws DuckhouseError for whatever makes the project impossible to parse; less is told to the sink. With the memo of
 * an earlier parse of the same project the result is the same, sooner.
 */
export function parseProject(flags: ParseFlags, sink: ParseSink = {}, memo?: ParseMemo): ParsedProject {
  const clock = stopwatch();
  const invocation = {
    invocationId: flags.invocationId ?? randomUUID(),
    runStartedAt: flags.runStartedAt ?? new Date(),
  };
  const loaded = loadProjects(flags, invocation);
  if (flags.versionCheck === true) for (const project of loaded.projects.values()) checkVersion(project);
  const manifest = emptyManifest(loaded, flags, invocation);
  const files = new Map(
    [...loaded.projects.values()]
      .filter(({ name }) => !isBuiltIn(name))
      .map((project) => [project.name, findPackageFiles(project, flags.within, memo?.listings)]),
  );
  memo?.begin({ env: flags.env, flags: flags.flags ?? {} }, (token) => projectStamp(loaded, flags, files, token));
  const load = clock();
  const warnings: ParseWarning[] = [];
  const warn = (warning: ParseWarning): void => {
    warnings.push(warning);
    sink.warn?.(warning);
  };
  const macros = readMacros(loaded, files, { manifest, memo, warn, flags: flags.flags ?? {} });
  createQueryComment({ ...invocation, ...queryCommentParts(loaded, flags), macros, sink })('master', undefined);
  const macroTime = clock();
  const held = holdTelling({ ...sink, warn });
  const parts = { loaded, macros, flags, invocation, sink: held.sink, memo };
  const again =
    memo &&
    parseAgain(memo, files, () =>
      createState({ ...parts, manifest: { ...manifest, nodes: {}, disabled: {}, docs: {}, macros: {} } }),
    );
  held.release(again !== undefined);
  const steps = { nodes: 0, yaml: 0 };
  let graph: DbtGraph;
  if (again === undefined) {
    memo?.last.beginAll(files);
    const state = createState({ ...parts, manifest });
    readNodes(state, loaded, files);
    steps.nodes = clock();
    readSchemas(state, files);
    steps.yaml = clock();
    link(state);
    graph = buildGraph(manifest);
    memo?.last.keepAll(files, manifest, graph);
  } else {
    for (const warning of again.warnings) warn(warning);
    graph = again.graph;
    handOut(manifest, again.manifest);
    memo?.last.keepAgain(again, manifest);
  }
  memo?.end();
  const linkTime = clock();
  const timings: ParseTimings = {
    load,
    macros: macroTime,
    ...steps,
    link: linkTime,
    total: load + macroTime + steps.nodes + steps.yaml + linkTime,
  };
  const { root: project, profile, projects } = loaded;
  return {
    project,
    profile,
    projects,
    manifest,
    macros,
    graph,
    warnings,
    timings,
    vars: flags.vars ?? {},
    flags: flags.flags ?? {},
    ...invocation,
  };
}

/** What is wrong with the comment of statements is told while parsing. */
const queryCommentParts = ({ root, profile }: LoadedProjects, { env, flags = {}, vars = {} }: ParseFlags) => ({
  project: root,
  profile,
  env,
  flags,
  vars,
});

/** Seconds since it was last asked. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}

interface StateParts {
  readonly loaded: LoadedProjects;
  readonly manifest: DbtManifest;
  readonly macros: MacroIndex;
  readonly flags: ParseFlags;
  readonly invocation: { readonly invocationId: string; readonly runStartedAt: Date };
  readonly sink: ParseSink;
  readonly memo: ParseMemo | undefined;
}

function createState({ loaded, manifest, macros, flags, invocation, sink, memo }: StateParts): ParseState {
  const reads = memo?.reads;
  const warn = (warning: ParseWarning): void => {
    // A deprecation is told when its file is read; other warnings each time.
    if (!isDeprecation(warning.name)) reads?.joined();
    memo?.last.told(warning);
    sink.warn?.(warning);
  };
  const given = flags.flags ?? {};
  const shared = {
    ...loaded,
    macros,
    env: flags.env,
    flags: reads === undefined ? given : noted(given, (name, value) => reads.flag(name, value)),
  };
  const state: ParseState = {
    ...shared,
    manifest,
    memo,
    configs: createConfigBuilder(loaded.root, loaded.projects),
    renderer: createParseRenderer({
      ...shared,
      ...invocation,
      flags: given,
      reads,
      cliVars: flags.vars ?? {},
      sink: { ...sink, warn },
      state: () => state,
    }),
    refs: new RefIndex(),
    docs: new NameIndex(),
    analyses: new NameIndex(),
    singularTests: new NameIndex(),
    sources: new NameIndex(),
    calls: new Map(),
    vars: (name) => createVars(flags.vars ?? {}, loaded.root, loaded.projects.get(name) ?? loaded.root),
    staticOptions: new Map(),
    disabled: new DisabledIndex({}),
    now: Date.now() / 1000,
    warn,
  };
  return state;
}

function readNodes(state: ParseState, loaded: LoadedProjects, files: FilesByPackage): void {
  for (const [name, found] of files) {
    for (const file of found.models) readModel(state, file);
    for (const file of found.snapshots) readSnapshotFile(state, file);
    for (const file of found.analyses) readAnalysis(state, file);
    for (const file of found.singularTests) readSingularTest(state, file);
    for (const file of found.seeds) readSeed(state, file);
    for (const file of found.functions) readFunction(state, file);
    for (const file of found.docs) readDocs(state, file);
    const project = loaded.projects.get(name);
    if (project !== undefined) readHooks(state, project, loaded.texts.get(name)?.text.trim() ?? '');
  }
  state.disabled = new DisabledIndex(state.manifest.disabled);
}

function addFixture(fixtures: Map<string, FoundFile>, key: string, file: FoundFile): void {
  const earlier = fixtures.get(key);
  if (earlier !== undefined)
    throw new DuckhouseError(
      'AlreadyExists',
      `two fixtures are named '${baseName(file.relative)}': ${earlier.original} and ${file.original}`,
      { context: { path: file.original }, hint: 'unit tests know fixtures by their names; rename one of the files' },
    );
  fixtures.set(key, file);
}

function readSchemas(state: ParseState, files: FilesByPackage): void {
  const fixtures = new Map<string, FoundFile>();
  for (const [name, found] of files)
    for (const file of found.fixtures) addFixture(fixtures, `${name}.${baseName(file.relative)}`, file);
  const reader = readSchemaFiles(
    state,
    [...files.values()].flatMap(({ schemas }) => schemas),
    fixtures,
  );
  sortOutDisabled(state);
  reader.build(state);
}

/** YAML may have enabled or disabled nodes that their files had not. */
function sortOutDisabled(state: ParseState): void {
  const { manifest } = state;
  for (const id of Object.keys(manifest.nodes)) {
    const node = manifest.nodes[id] as ManifestNode;
    if (node.config.enabled) continue;
    delete manifest.nodes[id];
    state.refs.remove(node);
    addDisabled(state, node);
  }
  for (const [id, members] of Object.entries(manifest.disabled)) {
    const enabled = members.filter(
      (member) => 'raw_code' in member && (member.config as Dict).enabled === true,
    ) as ManifestNode[];
    if (enabled.length === 0) continue;
    delete manifest.disabled[id];
    for (const node of enabled) addEnabled(state, node);
  }
}

function link(state: ParseState): void {
  state.disabled = new DisabledIndex(state.manifest.disabled);
  if (state.memo !== undefined) ownDependencies(state);
  linkSources(state);
  linkRefs(state);
  linkUnitTests(state);
  renderDescriptions(state);
  linkSemantics(state);
  linkMetrics(state);
  linkFunctions(state);
  inferPrimaryKeys(state);
  checkManifest(state);
  warnDeprecated(state);
  warnDeprecatedModels(state, new Date(state.now * 1000));
  warnUnusedConfigs(state);
  finishMaps(state.manifest);
}
