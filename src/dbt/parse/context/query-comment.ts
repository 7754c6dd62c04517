/** `query-comment`: what is put before every statement, or behind it, to tell whose it is. */
import {
  bindMacro,
  type Context,
  compileTemplate,
  createEnvironment,
  fromJs,
  PyError,
  PyObject,
  str,
  type Value,
} from '../../../jinja/index.ts';
import { createBaseContext } from '../../context/base-context.ts';
import { MacroCalls } from '../../context/macro-object.ts';
import type { Dict } from '../../manifest-types.ts';
import { isDict } from '../../plain.ts';
import { createVars } from '../../project/vars.ts';
import type { DbtProfile, DbtProject, Env, MacroIndex, ParseSink } from '../../project-types.ts';
import { dbtVersion } from '../../version.ts';
import { MacroNames, MacroTemplates, macroPrefix } from './macros.ts';

export interface QueryCommentOptions {
  readonly project: DbtProject;
  readonly profile: DbtProfile;
  readonly macros: MacroIndex;
  readonly env: Env;
  readonly flags: Readonly<Dict>;
  readonly vars: Readonly<Dict>;
  readonly invocationId: string;
  readonly runStartedAt: Date;
  readonly sink: ParseSink;
}

/** Puts the comment to statements of a connection, of a node or of none. */
export type QueryComment = (connection: string, node: object | undefined) => (sql: string) => string;

export function createQueryComment(options: QueryCommentOptions): QueryComment {
  const { queryComment: setting } = options.project;
  const { comment, append }: Dict = isDict(setting) ? setting : { comment: setting === null ? '' : setting };
  const write = writer(options, comment);
  return (connection, node) => {
    const text = write(connection, node).trim();
    if (text.includes('*/')) throw new PyError('DbtRuntimeError', `query comment contains illegal value "*/": ${text}`);
    if (text === '') return (sql) => sql;
    return append === true ? (sql) => behind(sql.trimEnd(), text) : (sql) => `/* ${text} */\n${sql}`;
  };
}

const behind = (sql: string, text: string): string =>
  sql.endsWith(';') ? `${sql.slice(0, -1)}\n/* ${text} */;` : `${sql}\n/* ${text} */`;

type Write = (connection: string, node: object | undefined) => string;

function writer(options: QueryCommentOptions, comment: unknown): Write {
  if (typeof comment !== 'string') return (connection, node) => facts(options, connection, node);
  if (!/[{][{%#]/.test(comment)) return () => comment;
  const environment = createEnvironment({ macroPrefix });
  const source = `{%- macro query_comment_macro(connection_name, node) -%}\n${comment}\n{% endmacro %}`;
  const template = compileTemplate(environment, source, { path: 'dbt_project.yml', name: 'query-comment' });
  const context = commentContext(options, new MacroTemplates(environment));
  const macro = bindMacro(template, `${macroPrefix}query_comment_macro`, context, { async: false });
  return (connection, node) =>
    str(macro.call([connection, node === undefined ? null : new NodeFacts(node)], new Map()) as Value);
}

/** What dbt says where the project does not say otherwise. */
function facts({ profile }: QueryCommentOptions, connection: string, node: object | undefined): string {
  const told = {
    app: 'dbt',
    dbt_version: dbtVersion,
    profile_name: profile.name,
    target_name: profile.targetName,
    ...(node === undefined ? { connection_name: connection } : { node_id: (node as Dict).unique_id }),
  };
  return JSON.stringify(told).replaceAll('","', '", "').replaceAll('":"', '": "');
}

/** Macros and settings of the root project; nothing that reaches nodes or the database. */
function commentContext(options: QueryCommentOptions, templates: MacroTemplates): Context {
  const { project, macros: index, vars } = options;
  const names = createBaseContext({
    ...options,
    projectName: project.name,
    vars: createVars(vars, project, project),
    asker: () => 'query-comment',
  });
  const macros = new MacroNames({
    index,
    templates,
    packageName: project.name,
    rootName: project.name,
    calls: new MacroCalls(() => undefined),
    context: () => context,
  });
  const context: Context = { get: (name) => macros.get(name) ?? names.get(name) };
  return context;
}

/** A node whose missing properties are empty. */
class NodeFacts extends PyObject {
  readonly typeName = 'QueryHeaderContextWrapper';
  readonly #node: object;

  constructor(node: object) {
    super();
    this.#node = node;
  }
  override attr(name: string): Value {
    const value = Object.hasOwn(this.#node, name) ? (this.#node as Dict)[name] : undefined;
    return value === undefined ? '' : fromJs(value);
  }
}
