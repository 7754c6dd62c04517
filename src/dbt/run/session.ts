import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../engine/index.ts';
import { isDuckhouseError } from '../../errors.ts';
import { createTranslator, type Language, type Translator } from '../../messages/index.ts';
import { createRelationCache, type RelationCache, type SchemaName } from '../adapter/cache.ts';
import { readCredentials } from '../adapter/credentials.ts';
import { type AdapterConnection, type DbtDatabase, openDatabase } from '../adapter/database.ts';
import type { EventLog } from '../events/events.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import { createQueryComment, type QueryComment } from '../parse/context/query-comment.ts';
import { RefIndex } from '../parse/lookups.ts';
import type { Env, ParsedProject } from '../project-types.ts';
import type { Changes } from './changes.ts';
import { createFileWriter, type FileWriter } from './files.ts';
import type { ProjectLineage } from './lineage.ts';
import { endPlugins, type PluginProcesses } from './plugin-process.ts';
import type { CheckProblem } from './problem.ts';
import type { NodeResult } from './results.ts';

/** What a command asked for that changes how nodes run. */
export interface RunFlags {
  readonly which: string;
  readonly fullRefresh: boolean;
  readonly failFast: boolean;
  readonly storeFailures: boolean;
  readonly empty: boolean;
  readonly threads: number;
  readonly defer: boolean;
  readonly favorState: boolean;
  readonly warnError: boolean;
  readonly writeJson: boolean;
  readonly introspect: boolean;
  readonly populateCache: boolean;
  readonly cacheSelectedOnly: boolean;
  readonly printerWidth: number;
  readonly eventTimeStart: Date | undefined;
  readonly eventTimeEnd: Date | undefined;
  readonly sample: { readonly start: Date; readonly end: Date } | undefined;
  readonly limit: number | undefined;
  /** Queries are bound before anything runs. */
  readonly validate: boolean;
  /** What has not changed is not made again. */
  readonly changed: boolean;
  /** The run is added to the tables of earlier ones. */
  readonly history: boolean;
  /** Runs of a project that are kept in them; 0 = all. */
  readonly historyKeep: number;
  /** Rows of a failing test that are printed. */
  readonly showFailures: number;
  /** The command line's arguments, as artifacts and retry keep them. */
  readonly args: Dict;
}

export interface PluginCalls {
  /** Sources that were read, by their ids. */
  readonly loaded: Map<string, Promise<void>>;
  /** By the plugins' names. */
  readonly processes: PluginProcesses;
  /** Plugins by the functions that they register. */
  functions?: Promise<ReadonlyMap<string, string>>;
}

/** One invocation: the parsed project, its database, and what the run learns on its way. */
export interface RunSession {
  readonly parsed: ParsedProject;
  readonly flags: RunFlags;
  readonly env: Env;
  readonly log: EventLog;
  readonly database: DbtDatabase;
  readonly cache: RelationCache;
  readonly refs: RefIndex;
  readonly signal: AbortSignal | undefined;
  /** Texts that are not dbt's, in the reader's language. */
  readonly text: Translator['t'];
  /** The engine is a server's, which others use too. */
  readonly shared: boolean;
  /** Absolute. */
  readonly targetPath: string;
  readonly queryComment: QueryComment;
  /** Compiled and run files. */
  readonly files: FileWriter;
  /** What plugins were asked for; undefined while nothing may be asked of them. */
  readonly plugins: PluginCalls | undefined;
  /** Ids the command selected; templates see them as `selected_resources`. */
  selected: readonly string[];
  /** What is known to be wrong with nodes before they run. */
  problems: ReadonlyMap<string, CheckProblem>;
  /** What came of the command's nodes, once it has ended. */
  results: readonly NodeResult[];
  /** The content of sources.json, when the command made it. */
  freshness: Dict | undefined;
  /** What earlier runs made, with `--changed`. */
  changes: Changes | undefined;
  /** Where columns come from, when the command read it. */
  lineage: ProjectLineage | undefined;
  /** Set once something ended the run early. */
  stopped: boolean;
  /** Threads at work: those of nodes, and those of windows that run beside others. */
  busy: number;
  /** Warnings told so far; they fail the command with --warn-error. */
  warnings: number;
  warn(message: string, name?: string): void;
  warnOnce(message: string): void;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly parsed: ParsedProject;
  readonly flags: RunFlags;
  readonly env: Env;
  readonly log: EventLog;
  readonly engine?: Engine | undefined;
  readonly targetPath: string;
  readonly signal?: AbortSignal | undefined;
  /** English when absent. */
  readonly language?: Language | undefined;
}

export async function openSession(options: SessionOptions): Promise<RunSession> {
  const { parsed, flags, env, log, engine, targetPath, signal, language = 'en' } = options;
  const { profile } = parsed;
  const credentials = readCredentials(profile.credentials, {
    folder: parsed.project.root,
    name: `${profile.name}.${profile.targetName}`,
  });
  const database = await openDatabase({
    credentials: { ...credentials, threads: flags.threads },
    ...(engine === undefined ? {} : { engine }),
    signal,
    events: {
      onQuery: (connection, sql) =>
        log.fire({
          name: 'SQLQuery',
          code: 'E016',
          level: 'debug',
          msg: `On ${connection}: ${sql}`,
          data: { conn_name: connection, sql },
        }),
      onQueryDone: (_, seconds) =>
        log.fire({
          name: 'SQLQueryStatus',
          code: 'E017',
          level: 'debug',
          msg: `SQL status: OK in ${seconds.toFixed(3)} seconds`,
          data: { status: 'OK', elapsed: seconds },
        }),
    },
  });
  const refs = new RefIndex();
  for (const node of Object.values(parsed.manifest.nodes)) refs.add(node);
  const told = new Set<string>();
  const session: RunSession = {
    parsed,
    flags,
    env,
    log,
    database,
    cache: createRelationCache(),
    refs,
    signal,
    text: createTranslator(language).t,
    shared: engine !== undefined,
    targetPath,
    queryComment: createQueryComment({ ...parsed, env, sink: {} }),
    files: createFileWriter(targetPath),
    plugins: { loaded: new Map(), processes: new Map() },
    selected: [],
    problems: new Map(),
    results: [],
    freshness: undefined,
    lineage: undefined,
    changes: undefined,
    stopped: false,
    busy: 0,
    warnings: 0,
    warn(message, name = 'JinjaLogWarning') {
      session.warnings++;
      log.fire({ name, level: flags.warnError ? 'error' : 'warn', msg: message });
    },
    warnOnce(message) {
      if (!told.has(message)) session.warn(message);
      told.add(message);
    },
    close: async () => {
      await endPlugins(session.plugins?.processes.values() ?? []);
      await database.close();
      session.files.done();
    },
  };
  return session;
}

/** Schemas that the selected nodes write to. */
export function schemasOf(nodes: Iterable<ManifestNode>): SchemaName[] {
  const found = new Map<string, SchemaName>();
  for (const { database, schema } of nodes)
    if (database !== null)
      found.set(JSON.stringify([database.toLowerCase(), schema.toLowerCase()]), { database, schema });
  return [...found.values()];
}

const conflictTries = 20;

/** A connection that is opened when it is first asked for. */
export type Connect = () => Promise<AdapterConnection>;

/** Runs work with a connection of its own; what loses against another transaction is tried again from the start. */
export async function onConnection<T>(
  { database }: RunSession,
  name: string,
  work: (connect: Connect) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    let opened: Promise<AdapterConnection> | undefined;
    try {
      return await work(() => (opened ??= database.connect(name)));
    } catch (error) {
      if (!isConflict(error) || attempt >= conflictTries) throw error;
    } finally {
      await (await opened?.catch(() => undefined))?.close();
    }
    await delay(5 * attempt + Math.random() * 20);
  }
}

/**
 * DuckDB refuses the later of two transactions that change the same entry of its catalog or the same rows. Its catalog
 * functions also stumble over a table that another transaction renames meanwhile.
 */
export const isConflict = (error: unknown): boolean =>
  isDuckhouseError(error) &&
  (error.kind === 'CommitConflict' ||
    /write-write conflict|conflict on (tuple|update)|Table with name \S*__dbt_(backup|tmp)\S* does not exist/i.test(
      error.message,
    ));
