/** Words of a command line to arguments: command line first, then DBT_* variables, then `flags:` of the project. */
import { DuckhouseError, nearestNames } from '../errors.ts';
import { eventNames, laterNames } from './events/names.ts';
import { behaviours, commandAliases, commandFlags, type FlagSpec, formerNames, globalFlags } from './flags.ts';
import type { Dict } from './manifest-types.ts';
import { isDict, isText, own } from './plain.ts';
import type { Env } from './project-types.ts';

export interface GivenArgs {
  /** e.g. `run`, `docs generate`; undefined = none was named. */
  readonly command: string | undefined;
  readonly given: Readonly<Dict>;
  readonly help: boolean;
  readonly version: boolean;
  /** What stands after the command and its options: the name of a macro, of a project. */
  readonly words: readonly string[];
}

/** All arguments of a command, by dbt's names, with `which`. */
export interface DbtArgs {
  readonly command: string;
  readonly values: Readonly<Dict>;
  /** Names that were given on the command line or in the environment. */
  readonly explicit: ReadonlySet<string>;
  readonly words: readonly string[];
}

const usage = (message: string, candidates: readonly string[] = []): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { context: { candidates }, hint: 'see: duckhouse dbt --help' });

const takesWords = new Set(['run-operation', 'init', 'clean', 'lineage']);

export function readArgs(argv: readonly string[], readYaml: (text: string) => unknown): GivenArgs {
  const given: Dict = {};
  const words: string[] = [];
  let command: string | undefined;
  let [help, version] = [false, false];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === '--help' || word === '-h') help = true;
    else if (word === '--version' || word === '-v' || word === '-V') version = true;
    else if (!word.startsWith('-') || word === '-') {
      if (command === undefined) {
        const found = commandAt(argv, at);
        command = found.command;
        at += found.extra;
      } else if (takesWords.has(command)) words.push(word);
      else throw usage(`'${word}' is no option of 'dbt ${command}'`);
    } else at += readOption(argv, at, { specs: specsOf(command), command, given, readYaml });
  }
  return { command, given, help, version, words };
}

function commandAt(argv: readonly string[], at: number): { readonly command: string; readonly extra: number } {
  const [first = '', second = ''] = argv.slice(at);
  const pair = `${first} ${second}`;
  const name = own(commandAliases, pair) ?? pair;
  if (Object.hasOwn(commandFlags, name)) return { command: name, extra: 1 };
  const single = own(commandAliases, first) ?? first;
  if (Object.hasOwn(commandFlags, single)) return { command: single, extra: 0 };
  const names = Object.keys(commandFlags);
  throw usage(`'${first}' is no command of dbt; there are ${names.join(', ')}`, nearestNames(first, names));
}

const specsOf = (command: string | undefined): readonly FlagSpec[] => [
  ...(command === undefined ? [] : (commandFlags[command] ?? [])),
  ...globalFlags,
];

interface Reading {
  readonly specs: readonly FlagSpec[];
  readonly command: string | undefined;
  readonly given: Dict;
  readonly readYaml: (text: string) => unknown;
}

/** Reads the option at `at`; the number of further words it took. */
function readOption(argv: readonly string[], at: number, { specs, command, given, readYaml }: Reading): number {
  const word = argv[at] as string;
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  const name = equals < 0 ? word : word.slice(0, equals);
  const spec = specs.find(({ on, off }) => on.includes(name) || off?.includes(name));
  if (spec === undefined) {
    const known = specs.flatMap(({ on, off = [] }) => [...on, ...off]).filter((one) => one.startsWith('--'));
    throw usage(
      `no such option: ${name}${command === undefined ? '' : ` of 'dbt ${command}'`}`,
      nearestNames(name, known),
    );
  }
  if (spec.kind === 'switch') {
    if (equals >= 0) throw usage(`option ${name} takes no value`);
    given[spec.name] = spec.on.includes(name);
    return 0;
  }
  if (equals >= 0) {
    keep(given, spec, word.slice(equals + 1), readYaml);
    return 0;
  }
  if (spec.kind === 'count') {
    const value = argv[at + 1] ?? '';
    const isGiven = spec.on.includes(name) && /^\d+$/.test(value);
    given[spec.name] = isGiven ? Number(value) : spec.on.includes(name) ? usualCount : 0;
    return isGiven ? 1 : 0;
  }
  if (spec.kind !== 'list') {
    const value = argv[at + 1];
    if (value === undefined) throw usage(`option ${name} needs a value`);
    keep(given, spec, value, readYaml);
    return 1;
  }
  let taken = 0;
  for (let next = at + 1; next < argv.length && !isOption(argv[next] as string); next++, taken++)
    keep(given, spec, argv[next] as string, readYaml);
  if (taken === 0) throw usage(`option ${name} needs a value`);
  return taken;
}

/** Of a count that is asked for without a number. */
const usualCount = 10;

/** A first key that YAML takes for a number, a truth or nothing. */
const noText = /^\s*\{?\s*([\d.]+|true|false|yes|no|on|off|null|~)\s*:(?:\s|$)/i;

const isOption = (word: string): boolean => word.startsWith('-') && word !== '-';

function keep(given: Dict, spec: FlagSpec, value: string, readYaml: (text: string) => unknown): void {
  const earlier = given[spec.name];
  const read = readValue(spec, value, readYaml);
  given[spec.name] = spec.kind === 'list' && Array.isArray(earlier) ? [...earlier, ...(read as unknown[])] : read;
}

function readValue(spec: FlagSpec, value: string, readYaml: (text: string) => unknown): unknown {
  const [name] = spec.on;
  if (spec.kind === 'number' || spec.kind === 'count') {
    if (!/^-?\d+$/.test(value)) throw usage(`${name} must be a whole number, not '${value}'`);
    return Number(value);
  }
  if (spec.kind === 'yaml') {
    const content = readYaml(value);
    const other = spec.name === 'vars' ? noText.exec(value)?.[1] : undefined;
    if (other !== undefined) throw usage(`${name}: names are strings, and ${other} is none: put it in quotes`);
    if (!isDict(content)) throw usage(`${name} must be a YAML dictionary, such as '{name: value}', not '${value}'`);
    return content;
  }
  const values =
    spec.kind === 'list' && spec.choices !== undefined ? value.split(/[\s,]+/).filter((one) => one !== '') : [value];
  for (const one of values)
    if (spec.choices !== undefined && !spec.choices.includes(one.toLowerCase()))
      throw usage(`${name} must be one of ${spec.choices.join(', ')}, not '${one}'`, nearestNames(one, spec.choices));
  if (spec.kind === 'list') return values;
  return spec.choices === undefined ? value : value.toLowerCase();
}

/** What is said of the lines on the terminal goes for the log file too, unless that is told its own. */
const alsoOfFile = [
  ['log_format', 'log_format_file'],
  ['log_level', 'log_level_file'],
  ['use_colors', 'use_colors_file'],
] as const;

export function resolveArgs(
  args: GivenArgs,
  env: Env,
  projectFlags: Readonly<Dict>,
  readYaml: (text: string) => unknown,
): DbtArgs {
  const command = args.command as string;
  const values: Dict = { which: command.split(' ').at(-1) };
  const explicit = new Set<string>();
  for (const spec of specsOf(command)) {
    if (Object.hasOwn(values, spec.name)) continue;
    const fromEnv = fromEnvironment(spec, env, readYaml);
    if (spec.name in args.given || fromEnv !== undefined) explicit.add(spec.name);
    values[spec.name] = args.given[spec.name] ?? fromEnv ?? projectFlags[spec.name] ?? spec.fallback ?? null;
  }
  const isSet = (name: string): boolean => explicit.has(name) || projectFlags[name] !== undefined;
  for (const [name, ofFile] of alsoOfFile)
    if (isSet(name) && !isSet(ofFile) && ofFile in values) values[ofFile] = values[name];
  // Switches of the project's behaviour are no options: they are passed on as they are.
  for (const [name, value] of Object.entries({ ...behaviours, ...projectFlags }))
    if (!(name in values)) values[name] = value;
  if (values.warn_error === true && hasKeys(values.warn_error_options))
    throw usage('--warn-error and --warn-error-options exclude each other');
  for (const [former, name] of Object.entries(formerNames)) {
    if (values[former] === null || values[former] === undefined) continue;
    values[name] = values[former];
    if (explicit.has(former)) explicit.add(name);
  }
  checkWarnErrorOptions(values.warn_error_options);
  checkSqlparse(values.sqlparse);
  return { command, values, explicit, words: args.words };
}

/** What warnings are made of: every name is one of dbt's events, and what only warns is taken from something that is an error. */
function checkWarnErrorOptions(options: unknown): void {
  if (!isDict(options)) return;
  for (const [now, former] of [
    ['error', 'include'],
    ['warn', 'exclude'],
  ] as const)
    if (isSet(options[now]) && isSet(options[former]))
      throw usage(`warn_error_options: '${now}' is what '${former}' was: give one of them`);
  const [errors, warns, silent] = [options.error ?? options.include, options.warn ?? options.exclude, options.silence];
  const isAll = errors === 'all' || errors === '*';
  if (isText(errors) && !isAll)
    throw usage(`warn_error_options: error is 'all', '*' or a list of names, not '${errors}'`);
  const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const hasDeprecations = [errors, silent].some((value) => listed(value).includes('Deprecations'));
  if (isSet(warns) && !isAll && !hasDeprecations)
    throw usage(`warn_error_options: warn goes with error: all, or with Deprecations in error or silence`);
  for (const name of [errors, warns, silent].flatMap(listed))
    if (name !== 'Deprecations' && !eventNames.has(String(name)) && !laterNames.has(String(name)))
      throw usage(
        `warn_error_options: ${String(name)} is not a valid dbt error name`,
        nearestNames(String(name), [...eventNames]),
      );
}

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && (!Array.isArray(value) || value.length > 0);

const sqlparseNames = ['MAX_GROUPING_DEPTH', 'MAX_GROUPING_TOKENS'];

/** Limits of a parser that is not used here: they are checked, and change nothing. */
function checkSqlparse(options: unknown): void {
  if (!isDict(options)) return;
  for (const name of Object.keys(options))
    if (!sqlparseNames.includes(name)) throw usage(`unknown sqlparse option: ${name}`, sqlparseNames);
}

const hasKeys = (value: unknown): boolean => isDict(value) && Object.keys(value).length > 0;
const truths = new Set(['1', 'true', 't', 'yes', 'y', 'on']);
const falsehoods = new Set(['0', 'false', 'f', 'no', 'n', 'off', '']);

function fromEnvironment(spec: FlagSpec, env: Env, readYaml: (text: string) => unknown): unknown {
  if (spec.env === undefined) return undefined;
  const name = env[spec.env] === undefined ? spec.env.replace(/^DBT_(?!ENGINE_)/, 'DBT_ENGINE_') : spec.env;
  const value = env[name];
  if (value === undefined) return undefined;
  const lower = value.toLowerCase();
  if (spec.kind === 'count' && (truths.has(lower) || falsehoods.has(lower)) && !/^\d+$/.test(value))
    return truths.has(lower) ? usualCount : 0;
  if (spec.kind !== 'switch') return value === '' ? undefined : readValue(spec, value, readYaml);
  if (truths.has(lower)) return true;
  if (falsehoods.has(lower)) return false;
  throw usage(`environment variable ${name} must be true or false, not '${value}'`);
}

/** What `flags.NAME` is in templates. */
export const templateFlags = ({ values, command }: DbtArgs): Dict => ({
  ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toUpperCase(), value])),
  WHICH: command.split(' ').at(-1),
  RPC_METHOD: null,
});

export const textArg = ({ values }: DbtArgs, name: string): string | undefined =>
  isText(values[name]) ? (values[name] as string) : undefined;
export const listArg = ({ values }: DbtArgs, name: string): string[] | undefined => {
  const value = values[name];
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
};
export const switchArg = ({ values }: DbtArgs, name: string): boolean => values[name] === true;
