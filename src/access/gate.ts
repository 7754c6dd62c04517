import path from 'node:path';
import {
  commandTokens,
  fileLike,
  maySayFile,
  type PlanFacts,
  type StatementFacts,
  type StatementGuard,
  type TextFacts,
} from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import {
  fileScans,
  hiddenCatalogs,
  hiddenRelations,
  lakeScans,
  ownSchemas,
  readableSettings,
  readingOperators,
  readingPragmas,
  refusedFunctions,
  sessionSettings,
  tableFunctions,
  writableEntries,
  writingFunctions,
  writingOperators,
} from './allowed.ts';
import type { Principal, Role } from './principal.ts';

/** Something asked for that is not, or not only, SQL. */
export interface Request {
  readonly operation: 'query' | 'put' | 'action';
  /** SQL text, table or name of the action. */
  readonly subject: string;
  /** The role an action needs; `admin` when it does not say. */
  readonly role?: Role | undefined;
}

const ranks: Readonly<Record<Role, number>> = { reader: 0, writer: 1, admin: 2 };

/** PermissionDenied when the principal's role does not allow such a request at all; SQL is looked at by `guardOf`. */
export function authorise(principal: Principal, { operation, subject, role = 'admin' }: Request): void {
  const needed = operation === 'query' ? 'reader' : operation === 'put' ? 'writer' : role;
  if (ranks[principal.role] >= ranks[needed]) return;
  const what = operation === 'put' ? `table ${subject} for writing` : `action ${subject}`;
  throw denied(principal, what, `it needs the role ${needed}`);
}

export interface GatePolicy {
  /** Folders that hold tables, e.g. the lake: files in them are tables, not files. Absolute. */
  readonly tableFolders?: readonly string[] | undefined;
}

const namedFunctions = [...tableFunctions];

/** The check of a principal's statements, for the engine's `guard`; undefined for those who may run everything. */
export function guardOf(principal: Principal, policy: GatePolicy = {}): StatementGuard | undefined {
  if (principal.role === 'admin') return undefined;
  return { key: principal.role, tableFunctions: namedFunctions, decide: (facts) => decide(principal, facts, policy) };
}

/**
 * The gate: what a principal may do with a statement, from DuckDB's bound plan and, for queries, from their text.
 * What is not known to be harmless is refused.
 */
export function decide(principal: Principal, facts: StatementFacts, policy: GatePolicy): 'run' | 'fail' {
  if (principal.role === 'admin') return 'run';
  const refuse = (why: string, hint?: string): never => {
    throw denied(principal, why, hint);
  };
  // An EXECUTE that is prepared to show its error would compute its arguments.
  if (facts.computed !== undefined && decide(principal, facts.computed, policy) === 'fail')
    refuse('arguments of EXECUTE that cannot be examined');
  if (facts.planError === 'script') refuse('a statement that DuckDB runs as several', severalHint);
  const { plan } = facts;
  if (plan === undefined) return decideUnplanned(facts, principal.role, refuse);
  checkKind(principal, plan, refuse);
  checkFunctions(principal, plan.functions, refuse);
  checkReadSettings(plan.readSettings, refuse);
  checkText(facts.text, refuse);
  if (facts.definition !== undefined) checkDefinition(facts.definition, plan, refuse);
  checkScans(facts, { plan, policy, refuse });
  return 'run';
}

type Refuse = (why: string, hint?: string) => never;

function denied(principal: Principal, why: string, hint?: string): DuckhouseError {
  return new DuckhouseError('PermissionDenied', `${principal.name} (${principal.role}) may not use ${why}`, {
    id: 'permission-denied',
    context: { principal: principal.name, role: principal.role, what: why },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Errors of DuckDB that speak of the statement alone. */
const tellableErrors: ReadonlySet<string> = new Set(['parser', 'syntax', 'binder', 'catalog']);

/** What DuckDB makes no plan of: its error may be shown, unless it could tell of a file; some commands are known by their words. */
function decideUnplanned(facts: StatementFacts, role: Role, refuse: Refuse): 'run' | 'fail' {
  const { text, sql, planError = 'unknown' } = facts;
  if (isHarmlessCommand(sql)) return 'run';
  if (text !== undefined) return decideText({ text, planError, role }, refuse);
  if (tellableErrors.has(planError) && !maySayFile(sql)) return 'fail';
  if (planError === 'several') refuse('a statement that DuckDB runs as several', severalHint);
  if (planError === 'not implemented') refuse('files, views over them included, to change tables with', fileHint);
  return refuse(statementWord(sql));
}

/** What kind of statement it is, for people. */
function statementWord(sql: string): string {
  const bare = sql.replace(/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
  const word = /^(attach|detach|copy|install|load|export|import|checkpoint|call|pragma|set|use)\b/i.exec(bare)?.[1];
  return word === undefined ? 'this kind of statement' : `statements of the kind ${word.toUpperCase()}`;
}

interface UnplannedQuery {
  readonly text: TextFacts;
  readonly planError: string;
  readonly role: Role;
}

function decideText({ text, planError, role }: UnplannedQuery, refuse: Refuse): 'run' | 'fail' {
  checkText(text, refuse);
  checkFunctions({ role }, text.functions, refuse);
  checkReadSettings(text.readSettings, refuse);
  if (planError === 'files' || text.relations.some(fileLike)) refuse('local files', fileHint);
  if (text.relations.flat().some((part) => hiddenCatalogs.has(part.toLowerCase())))
    refuse('what the server tells of others');
  if (text.relations.some((parts) => hiddenRelations.has((parts.at(-1) ?? '').toLowerCase()))) refuse('the log');
  if (tellableErrors.has(planError)) return 'fail';
  // A view over files whose readers DuckDB cannot serialize: what is in it was its maker's to decide.
  if (planError === 'not implemented' && text.macros.length === 0) return 'run';
  return refuse('a query that cannot be examined');
}

const severalHint = 'name the values of a PIVOT: ON column IN (...); add a column without a computed default';
const fileHint = 'files are loaded with duckhouse ingest, or by an administrator';

/** ROLLBACK where nothing else may run, and PRAGMAs that are only questions. */
function isHarmlessCommand(sql: string): boolean {
  const tokens = commandTokens(sql);
  if (tokens === undefined || tokens.length === 0) return false;
  const [word, name = '', open, argument = '', close] = tokens;
  if (word === 'rollback' || word === 'abort') return tokens.length === 1;
  if (word !== 'pragma' || !readingPragmas.has(name)) return false;
  if (tokens.length === 2) return true;
  return tokens.length === 5 && open === '(' && close === ')' && !fileLike([argument.replace(/^['"]|['"]$/g, '')]);
}

function checkKind({ role }: Principal, { roots, operators, targets, setting }: PlanFacts, refuse: Refuse): void {
  if (setting !== undefined) checkSetting(setting, refuse);
  const forgets = roots[0] === 'LOGICAL_DROP' && targets.every(({ entry }) => entry === 'PREPARED_STATEMENT');
  const beyond = operators.filter((operator) => !readingOperators.has(operator));
  const refused = beyond.find((operator) => role === 'reader' || !writingOperators.has(operator));
  if (refused !== undefined && !forgets) refuse(statementName(refused));
  if (beyond.length === 0) return;
  for (const { catalog, dbSchema, name, entry } of targets) {
    if (hiddenCatalogs.has(catalog?.toLowerCase() ?? '')) refuse(`database ${catalog}`);
    const schema = entry === 'SCHEMA_ENTRY' ? (dbSchema ?? name) : dbSchema;
    if (ownSchemas.has(schema?.toLowerCase())) refuse(`schema ${schema}, which is the server's own`);
    if (!writableEntries.has(entry)) refuse(statementName(entry ?? ''));
  }
}

const statementName = (operator: string): string =>
  operator
    .replace(/^LOGICAL_/, '')
    .replace(/_ENTRY$/, '')
    .replaceAll('_', ' ');

function checkSetting({ name, scope, value = '' }: NonNullable<PlanFacts['setting']>, refuse: Refuse): void {
  if (scope === 'VARIABLE') return;
  if (scope === 'GLOBAL' || !sessionSettings.has(name)) refuse(`setting ${name}`);
  // Where names are looked up: what is hidden would be named without its database.
  const hidden = [...hiddenCatalogs].find((catalog) => value.toLowerCase().includes(catalog));
  if (hidden !== undefined && (name === 'schema' || name === 'search_path')) refuse(`database ${hidden}`);
}

function checkFunctions({ role }: Pick<Principal, 'role'>, functions: readonly string[], refuse: Refuse): void {
  checkFunctionNames(functions, refuse);
  const writing = functions.find((name) => writingFunctions.has(name));
  if (writing !== undefined && role === 'reader') refuse(`function ${writing}`);
}

function checkFunctionNames(functions: readonly string[], refuse: Refuse): void {
  const refused = functions.find((name) => refusedFunctions.has(name));
  if (refused !== undefined) refuse(`function ${refused}`);
}

/** A query may name the table functions that are allowed, and macros: what those do stands in the plan. */
function checkText(text: TextFacts | undefined, refuse: Refuse): void {
  const refused = text?.tableFunctions.find((name) => !tableFunctions.has(name) && !text.macros.includes(name));
  if (refused !== undefined) refuse(`function ${refused}`, fileHint);
}

/** A definition lives on: it may stand on nothing that somebody could make mean a file later. Only views have queries in it. */
function checkDefinition(text: TextFacts, { roots, scans }: PlanFacts, refuse: Refuse): void {
  checkText(text, refuse);
  checkFunctionNames(text.functions, refuse);
  checkReadSettings(text.readSettings, refuse);
  if (text.macros.length > 0) refuse(`macro ${text.macros[0]} in a definition`);
  const file = text.relations.find(fileLike);
  if (file !== undefined) refuse(`"${file.join('.')}" in a definition, which may name a file`);
  const queries = text.relations.length + text.tableFunctions.length > 0;
  if (queries && roots[0] !== 'LOGICAL_CREATE_VIEW' && scans.length === 0) refuse('a query in a definition');
}

function checkReadSettings(names: readonly string[], refuse: Refuse): void {
  const secret = names.find((name) => !readableSettings.has(name));
  if (secret !== undefined) refuse(secret === '' ? 'current_setting of a computed name' : `setting ${secret}`);
}

interface ScanCheck {
  readonly plan: PlanFacts;
  readonly policy: GatePolicy;
  readonly refuse: Refuse;
}

/** Files are read as tables of the lake, or through a view whose maker had the right to it; never by name. */
function checkScans({ text }: StatementFacts, { plan, policy, refuse }: ScanCheck): void {
  const foreign = plan.scans.filter(
    ({ name, files }) => !tableFunctions.has(name) && !(lakeScans.has(name) && areTables(files, policy)),
  );
  const hidden = plan.scans.find(({ catalog }) => hiddenCatalogs.has(catalog?.toLowerCase() ?? ''));
  if (hidden !== undefined) refuse(`database ${hidden.catalog}`);
  const unknown = foreign.find(({ name }) => !fileScans.has(name));
  if (unknown !== undefined) refuse(`function ${unknown.name}`);
  // DESCRIBE has its answer in the plan, and no scan.
  const told = plan.operators.includes('LOGICAL_CHUNK_GET');
  if (foreign.length === 0 && !told) return;
  if (text === undefined || text.macros.length > 0 || text.relations.some(fileLike)) refuse('local files', fileHint);
}

const areTables = (files: readonly string[] | undefined, { tableFolders = [] }: GatePolicy): boolean =>
  files?.every((file) => tableFolders.some((folder) => path.resolve(file).startsWith(folder + path.sep))) ?? false;
