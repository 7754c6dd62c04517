/** What a command gets: its arguments, a log, and the project when it asks for it. */
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import type { Language } from '../../messages/index.ts';
import { type DbtArgs, listArg, switchArg, templateFlags, textArg } from '../args.ts';
import { secretValues } from '../context/env-var.ts';
import { createDeprecations, type Deprecations, isDeprecation } from '../events/deprecations.ts';
import { createEventLog, type EventLevel, type EventLog, type EventLogOptions } from '../events/events.ts';
import { interruptible } from '../interrupts.ts';
import type { Dict } from '../manifest-types.ts';
import { writeManifest } from '../parse/manifest.ts';
import type { ParseMemo } from '../parse/memo.ts';
import { writeOsiDocument } from '../parse/osi-document.ts';
import { parseProject } from '../parse/parse-project.ts';
import { semanticManifest, writeSemanticManifest } from '../parse/semantic-manifest.ts';
import { isDict, isText, listOf } from '../plain.ts';
import type {
  Env,
  IndirectSelection,
  ParsedProject,
  ParseFlags,
  ParseSink,
  ParseWarning,
  PreviousState,
  SelectionRequest,
} from '../project-types.ts';
import { readPreviousState } from '../select/previous.ts';
import { selectNodes } from '../select/select.ts';
import { checkWithin } from '../within.ts';

/** The world around a command: where it stands and where its lines go. */
export interface DbtHost {
  readonly env: Env;
  readonly cwd: string;
  /** Folder whose `config/dbt_profiles.yml` is the last place profiles are looked for in. */
  readonly workspace?: string | undefined;
  /** The project when none is named; the current folder by default. */
  readonly projectDir?: string | undefined;
  readonly write: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** The process is this command's alone: signals end it in the middle of what it does. */
  readonly ownProcess?: boolean | undefined;
  /** Whatever runs SQL, when there is one already; commands that need one open their own otherwise. */
  readonly engine?: unknown;
  /** Of texts that are not dbt's own; English by default. */
  readonly language?: Language | undefined;
  /** Whether a database file is the one `engine` has open; a project with another one is refused then. */
  readonly isServed?: ((file: string) => boolean) | undefined;
  /** What earlier parses of a project left behind for the next one. */
  readonly memoOf?: ((flags: ParseFlags) => ParseMemo | undefined) | undefined;
  /** Told of a parsed project before anything is written or run; it may throw. */
  readonly onParsed?: ((parsed: ParsedProject) => void) | undefined;
  /** The command will be run again, with more: its errors are the caller's. */
  readonly isProvisional?: (() => boolean) | undefined;
  /** The only folder whose files may be read and written; all may when it is not given. */
  readonly within?: string | undefined;
}

export interface CommandContext {
  readonly args: DbtArgs;
  readonly host: DbtHost;
  readonly log: EventLog;
  /** Tells a warning as the command line wants it. */
  readonly warn: (warning: ParseWarning) => void;
  readonly deprecations: Deprecations;
  readonly invocationId: string;
  readonly startedAt: Date;
  readonly projectDir: string;
  readonly parseFlags: ParseFlags;
  /** Parses the project, once; writes manifest.json unless told not to. */
  readonly parse: () => ParsedProject;
  /** Writes manifest.json, unless told not to. */
  readonly keepManifest: (parsed: ParsedProject) => void;
  /** Absolute. */
  readonly targetPath: (parsed: ParsedProject) => string;
  readonly previous: (parsed: ParsedProject) => PreviousState | undefined;
  /** The same with other arguments. */
  readonly withArgs: (args: DbtArgs) => CommandContext;
  /** Ids of the given kinds that the command line selects, in graph order; told when there are none. */
  readonly select: (parsed: ParsedProject, kinds: readonly string[] | undefined) => readonly string[];
}

export type DbtCommand = (context: CommandContext) => Promise<number>;

export interface ContextParts {
  readonly args: DbtArgs;
  readonly host: DbtHost;
  readonly projectDir: string;
  readonly invocationId: string;
  readonly startedAt: Date;
  readonly deprecations?: Deprecations;
  /** The log of the command line, when another command is run for it. */
  readonly log?: EventLog;
}

/** Folders that are named on the command line or in the environment. */
const namedFolders = ['profiles_dir', 'target_path', 'log_path', 'state', 'defer_state', 'output_path'] as const;

function checkFolders({ args, host, projectDir }: ContextParts): void {
  if (host.within === undefined) return;
  const named = namedFolders.map((name) => textArg(args, name) ?? '');
  for (const folder of [host.cwd, projectDir, path.resolve(projectDir, 'logs')]) checkWithin(host.within, folder);
  for (const folder of named)
    for (const from of [host.cwd, projectDir]) checkWithin(host.within, path.resolve(from, folder));
}

export function createContext(parts: ContextParts): CommandContext {
  const { args, host, projectDir, invocationId, startedAt } = parts;
  checkFolders(parts);
  const log = parts.log ?? createLog(parts);
  const parseFlags = parseFlagsOf(parts);
  const deprecations = parts.deprecations ?? createDeprecations(log, switchArg(args, 'show_all_deprecations'));
  const warn = warner(args, log, deprecations);
  let parsed: ParsedProject | undefined;
  let memo: ParseMemo | undefined;
  // `docs generate --no-compile` describes what was compiled before.
  const isKept = switchArg(args, 'write_json') && args.values.compile !== false;
  const keepManifest = (of: ParsedProject): void => {
    if (!isKept) return;
    writeManifest(of.manifest, targetPath(of), { texts: memo?.texts });
    keepSemantics(of);
  };
  let hasSemantics = false;
  const keepSemantics = (of: ParsedProject): void => {
    if (hasSemantics) return;
    hasSemantics = true;
    const semantics = semanticManifest(of.manifest);
    writeSemanticManifest(semantics, targetPath(of));
    writeOsiDocument(semantics, targetPath(of), (loss) =>
      log.fire({ name: 'MFConverterIssue', code: 'I078', level: 'warn', msg: `[WARNING]: ${loss}` }),
    );
  };
  /** Before anything was run: what the memo keeps of it is the same, and its text is known. */
  const keepParsed = (of: ParsedProject): void => {
    const kept = memo?.last.keptOf(of.manifest);
    if (kept === undefined) keepManifest(of);
    else if (isKept) {
      writeManifest(kept, targetPath(of), { texts: memo?.texts, isKept: true });
      keepSemantics({ ...of, manifest: kept });
    }
  };
  const targetPath = ({ project }: ParsedProject): string => {
    const folder = path.resolve(project.root, project.targetPath);
    for (const file of [folder, ...['compiled', 'run'].map((name) => path.join(folder, name))])
      checkWithin(host.within, file);
    return folder;
  };
  let isStateTold = false;
  const previous = (of: ParsedProject): PreviousState | undefined => {
    const folder = textArg(args, 'state');
    if (folder === undefined) return undefined;
    if (!isStateTold && path.normalize(folder) === path.normalize(of.project.targetPath))
      warn({
        name: 'WarnStateTargetEqual',
        message: `the state folder is the target folder, '${folder}': what is compared with is overwritten by each run`,
        data: { state_path: folder },
      });
    isStateTold = true;
    return readPreviousState(folder, targetPath(of), projectDir);
  };
  return {
    args,
    host,
    log,
    warn,
    deprecations,
    invocationId,
    startedAt,
    projectDir,
    parseFlags,
    parse() {
      if (parsed === undefined) {
        memo = switchArg(args, 'partial_parse') ? host.memoOf?.(parseFlags) : undefined;
        parsed = interruptible(() => parseProject(parseFlags, { ...logSink(log), warn }, memo));
        host.onParsed?.(parsed);
        // Documentation that cannot be made leaves what is there.
        if (args.command !== 'docs generate') keepParsed(parsed);
        // What only parses is not kept from it, as by dbt.
        if (parsed.graph.cycle !== undefined && args.command !== 'parse') throw parsed.graph.cycle;
      }
      return parsed;
    },
    keepManifest,
    targetPath,
    previous,
    withArgs: (other) => createContext({ ...parts, args: other, deprecations, log }),
    select(of, kinds) {
      const { ids, warnings } = selectNodes(of, selectionRequest(args, kinds, previous(of)));
      for (const warning of warnings) warn(warning);
      if (ignoresSelect(args)) log.fire(selectIgnored);
      return ids;
    },
  };
}

function createLog({ args, host, projectDir, invocationId }: ContextParts): EventLog {
  const { values } = args;
  const secrets = secretValues(host.env);
  const isClean = args.command === 'clean';
  const options: EventLogOptions = {
    write: host.write,
    format: values.log_format as EventLogOptions['format'],
    level: switchArg(args, 'debug') ? 'debug' : (values.log_level as EventLevel | 'none'),
    quiet: switchArg(args, 'quiet'),
    print: switchArg(args, 'print'),
    invocationId,
    logPath:
      isClean || values.log_level_file === 'none'
        ? undefined
        : path.resolve(projectDir, textArg(args, 'log_path') ?? 'logs'),
    fileFormat: values.log_format_file as EventLogOptions['format'],
    fileLevel: values.log_level_file as EventLevel | 'none',
    fileMaxBytes: Number(values.log_file_max_bytes),
    mask: (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '*****'), text),
  };
  return createEventLog(options);
}

const logSink = (log: EventLog): ParseSink => ({
  log: (level, message) => log.fire({ name: 'JinjaLogInfo', code: 'I062', level, msg: message }),
  print: (message) => log.fire({ name: 'PrintEvent', code: 'Z052', level: 'info', msg: message }),
});

/** A warning is told, kept silent, or an error, as --warn-error and --warn-error-options say. */
function warner(args: DbtArgs, log: EventLog, deprecations: Deprecations): (warning: ParseWarning) => void {
  const options: Dict = isDict(args.values.warn_error_options) ? args.values.warn_error_options : {};
  const names = (...keys: readonly string[]): readonly unknown[] =>
    keys.flatMap((key) => (options[key] === undefined ? [] : listOf(options[key])));
  const [errors, warns, silent] = [names('error', 'include'), names('warn', 'exclude'), names('silence')];
  const isAll = switchArg(args, 'warn_error') || errors.includes('all') || errors.includes('*');
  const isIn = (list: readonly unknown[], name: string): boolean =>
    list.includes(name) || (isDeprecation(name) && list.includes('Deprecations'));
  return (warning) => {
    const { name, message } = warning;
    const isShown = !isDeprecation(name) || deprecations.note(name);
    if (!isShown || isIn(silent, name)) return;
    if (!isIn(warns, name) && (isAll || isIn(errors, name)))
      throw new DuckhouseError('DataInvalid', message, {
        context: { name },
        hint: 'warnings are errors here, because of --warn-error',
      });
    if (isDeprecation(name)) deprecations.fire(warning);
    else log.fire({ name, level: 'warn', msg: `[WARNING]: ${message}` });
  };
}

function parseFlagsOf({ args, host, projectDir, invocationId, startedAt }: ContextParts): ParseFlags {
  const { values } = args;
  return {
    projectDir,
    cwd: host.cwd,
    profilesDir: textArg(args, 'profiles_dir'),
    workspace: host.workspace,
    profile: textArg(args, 'profile'),
    target: textArg(args, 'target'),
    threads: typeof values.threads === 'number' ? values.threads : undefined,
    targetPath: textArg(args, 'target_path'),
    logPath: textArg(args, 'log_path'),
    vars: isDict(values.vars) ? values.vars : {},
    flags: templateFlags(args),
    env: host.env,
    invocationId,
    runStartedAt: startedAt,
    versionCheck: switchArg(args, 'version_check'),
    within: host.within,
  };
}

const ignoresSelect = (args: DbtArgs): boolean =>
  isText(args.values.selector) &&
  ['select', 'models', 'exclude'].some((name) => (listArg(args, name)?.length ?? 0) > 0);

const selectIgnored = {
  name: 'SelectExcludeIgnoredWithSelectorWarning',
  code: 'Z064',
  level: 'warn',
  msg: '[WARNING]: --select and --exclude count for nothing beside --selector',
} as const;

export function selectionRequest(
  args: DbtArgs,
  kinds: readonly string[] | undefined,
  previous: PreviousState | undefined,
): SelectionRequest {
  return {
    select: listArg(args, 'select') ?? listArg(args, 'models'),
    exclude: listArg(args, 'exclude'),
    selector: isText(args.values.selector) ? args.values.selector : undefined,
    indirectSelection: args.values.indirect_selection as IndirectSelection,
    resourceTypes: kinds,
    includeEmpty: args.command === 'ls' || args.command === 'docs generate',
    previous,
  };
}
