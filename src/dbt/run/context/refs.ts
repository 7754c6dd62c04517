import { nearestNames } from '../../../errors.ts';
import { type Args, type Kwargs, PyError, PyUndefined, str, truth, type Value } from '../../../jinja/index.ts';
import { quoteIdentifier } from '../../../sql.ts';
import { type EventTimeFilter, ephemeralPrefix, Relation, type RelationParts } from '../../adapter/relation.ts';
import { RelationObject } from '../../adapter/relation-object.ts';
import type { DeferRelation, Dict, ManifestNode, SourceNode } from '../../manifest-types.ts';
import { searchOrder } from '../../parse/lookups.ts';
import { externalLocation, pluginOf } from '../../parse/source-relation.ts';
import { timeText } from '../batches.ts';
import { loadSource } from '../plugins.ts';
import type { RunSession } from '../session.ts';

/** The window that refs and sources of a microbatch, or of a sample, are cut to. */
export interface EventWindow {
  readonly start: string | undefined;
  readonly end: string | undefined;
}

export interface RefScope {
  readonly session: RunSession;
  readonly node: ManifestNode;
  readonly window?: EventWindow | undefined;
  /** Relations that stand for nodes, such as the fixtures of a unit test. */
  readonly substitutes?: ReadonlyMap<string, { readonly id: string; readonly relation: Relation }>;
  /** Ephemeral models this node's text needs; filled by `ref`. */
  readonly ctes: string[];
  /** Whether a relation exists, asked for deferred nodes. */
  exists(relation: Relation): Promise<boolean>;
}

type Owner = Pick<RefScope, 'session' | 'node'>;

const compilation = (message: string): PyError => new PyError('CompilationError', message);

/** A unit test says what stands for each input, as in dbt; nothing is read from the database. */
const noRows = ({ node }: RefScope, input: string): PyError =>
  compilation(`unit test '${node.name}' gives no rows for ${input}, which its model reads`);

/** `ref(...)` while running. */
export function refFunction(scope: RefScope): (args: Args, kwargs: Kwargs) => Promise<Value> | Value {
  return (args, kwargs) => {
    const target = resolveRef(scope, refArguments(args, kwargs));
    return relationOfRef(scope, target);
  };
}

interface RefTarget {
  readonly name: string;
  readonly packageName: string | null;
  readonly version: string | number | null;
}

function refArguments(args: Args, kwargs: Kwargs): RefTarget {
  // Python's `or`: what is false is not given.
  const given = [kwargs.get('version'), kwargs.get('v')].find((one) => one !== undefined && truth(one)) ?? null;
  const version = given instanceof PyUndefined ? null : given;
  const unknown = [...kwargs.keys()].find((key) => key !== 'version' && key !== 'v');
  if (unknown !== undefined || args.length === 0 || args.length > 2)
    throw compilation(`ref() takes at most two arguments (${args.length} given)`);
  if (!args.every((arg) => typeof arg === 'string'))
    throw compilation(`The name argument to ref() must be a string, got ${typeof args[0]}`);
  const [first = '', second] = args as readonly string[];
  return {
    name: second ?? first,
    packageName: second === undefined ? null : first,
    version: version === null ? null : typeof version === 'number' ? version : str(version),
  };
}

export function resolveRef({ session, node }: Owner, target: RefTarget): ManifestNode {
  const { parsed, refs } = session;
  const first = parsed.flags.REQUIRE_REF_SEARCHES_NODE_PACKAGE_BEFORE_ROOT === true;
  for (const packageName of searchOrder(parsed.project.name, node.package_name, target.packageName, first)) {
    const found = refs.find(target.name, packageName, target.version);
    if (found !== undefined) return checkDependency(node, found, target);
  }
  const shown = target.packageName === null ? `'${target.name}'` : `'${target.packageName}.${target.name}'`;
  const near = nearestNames(target.name, refs.names).map((name) => `'${name}'`);
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  throw compilation(
    `${node.resource_type} '${node.unique_id}' depends on a node named ${shown}${target.version === null ? '' : ` with version '${target.version}'`} which was not found.${hint}`,
  );
}

/** A node found only while running was not there when the order of the run was made. */
function checkDependency(node: ManifestNode, found: ManifestNode, target: RefTarget): ManifestNode {
  const free =
    node.resource_type === 'operation' || node.resource_type === 'sql_operation' || node.resource_type === 'macro';
  if (free || node.depends_on.nodes.includes(found.unique_id)) return found;
  const call = target.packageName === null ? `ref('${target.name}')` : `ref('${target.packageName}', '${target.name}')`;
  throw compilation(
    `dbt was unable to infer all dependencies for the model "${node.name}".\nThis typically happens when ref() is placed within a conditional block.\n\nTo fix this, add the following hint to the top of the model "${node.name}":\n\n-- depends_on: {{ ${call} }}`,
  );
}

function relationOfRef(scope: RefScope, target: ManifestNode): Value | Promise<Value> {
  const substitute = scope.substitutes?.get(target.unique_id);
  if (substitute !== undefined) {
    if (!scope.ctes.includes(substitute.id)) scope.ctes.push(substitute.id);
    return new RelationObject(substitute.relation);
  }
  if (scope.substitutes !== undefined) throw noRows(scope, `ref('${target.name}')`);
  if (target.config.materialized === 'ephemeral' && target.resource_type === 'model') {
    if (!scope.ctes.includes(target.unique_id)) scope.ctes.push(target.unique_id);
    return new RelationObject(limited(scope, target, ephemeralRelation(target)));
  }
  const relation = limited(scope, target, relationOfNode(scope.session, target));
  const { defer, favorState } = scope.session.flags;
  if (!defer || !target.defer_relation) return new RelationObject(relation);
  const deferred = limited(scope, target, relationOfDeferred(scope.session, target.defer_relation));
  if (favorState && !scope.session.selected.includes(target.unique_id)) return new RelationObject(deferred);
  return scope.exists(relation).then((exists) => new RelationObject(exists ? relation : deferred));
}

const ephemeralRelation = (target: { readonly alias: string }): Relation =>
  new Relation({
    identifier: `${ephemeralPrefix}${target.alias}`,
    type: 'cte',
    quotePolicy: { database: true, schema: true, identifier: false },
  });

/** Rows and window that the run allows of a relation. */
function limited({ session, node, window }: RefScope, target: ManifestNode | SourceNode, relation: Relation): Relation {
  const change: Partial<RelationParts> = {
    ...(session.flags.empty ? { limit: 0 } : {}),
    ...eventTimeChange(target, sampled(session, node, window)),
  };
  return Object.keys(change).length === 0 ? relation : relation.with(change);
}

/** What a model or snapshot reads is cut to the sample too. */
function sampled(session: RunSession, node: ManifestNode, window: EventWindow | undefined): EventWindow | undefined {
  const { sample } = session.flags;
  if (sample === undefined || (node.resource_type !== 'model' && node.resource_type !== 'snapshot')) return window;
  const [start, end] = [timeText(sample.start), timeText(sample.end)];
  return {
    start: window?.start !== undefined && window.start > start ? window.start : start,
    end: window?.end !== undefined && window.end < end ? window.end : end,
  };
}

function eventTimeChange(
  target: ManifestNode | SourceNode,
  window: EventWindow | undefined,
): { eventTimeFilter?: EventTimeFilter } {
  const field = (target.config as Dict).event_time;
  if (window === undefined || typeof field !== 'string' || field === '') return {};
  const { start, end } = window;
  return {
    eventTimeFilter: {
      fieldName: quotesEventTime(target, field) ? quoteIdentifier(field) : field,
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    },
  };
}

/** As its column says, else as the source does. */
function quotesEventTime(target: ManifestNode | SourceNode, field: string): boolean {
  const column = Object.values((target.columns ?? {}) as Dict<Dict>).find(({ name }) => name === field);
  const source = 'quoting' in target ? (target.quoting as unknown as Quoting | undefined) : undefined;
  return (column?.quote ?? source?.column) === true;
}

type Quoting = Readonly<Record<string, boolean | null | undefined>>;

/** Quoting of a name: what its own settings say, then the project's, else quoted. */
function quotePolicy(project: Quoting, own: Quoting | undefined): Relation['quotePolicy'] {
  const of = (part: string): boolean => own?.[part] ?? project[part] ?? true;
  return { database: of('database'), schema: of('schema'), identifier: of('identifier') };
}

export const relationOfNode = (session: RunSession, node: ManifestNode): Relation =>
  new Relation({
    database: node.database,
    schema: node.schema,
    identifier: node.alias,
    quotePolicy: quotePolicy(session.parsed.project.quoting, node.config.quoting as Quoting | undefined),
  });

export const relationOfDeferred = (session: RunSession, { database, schema, alias }: DeferRelation): Relation =>
  new Relation({
    database,
    schema,
    identifier: alias,
    quotePolicy: quotePolicy(session.parsed.project.quoting, undefined),
  });

/** `function(...)` while running: the name by which SQL calls it. */
export function functionFunction({ session, node }: RefScope): (args: Args, kwargs: Kwargs) => Value {
  return (args, kwargs) => {
    if (args.length === 0 || args.length > 2 || kwargs.size > 0)
      throw compilation(`function() takes one or two arguments (${args.length} given)`);
    const [first = '', second] = args.map(str);
    const name = second ?? first;
    const { functions } = session.parsed.manifest;
    const all = Object.values(functions).filter((one) => one.name === name);
    const owners = second === undefined ? [node.package_name, session.parsed.project.name] : [first];
    const ofOwner = owners
      .map((owner) => all.find((one) => one.package_name === owner))
      .find((one) => one !== undefined);
    const found = ofOwner ?? (second === undefined ? all[0] : undefined);
    if (found === undefined)
      throw compilation(
        `${node.resource_type} '${node.unique_id}' depends on a function named '${[first, second].filter(Boolean).join('.')}' which was not found`,
      );
    return new RelationObject(relationOfNode(session, found as unknown as ManifestNode));
  };
}

/** `source(...)` while running. */
export function sourceFunction(scope: RefScope): (args: Args, kwargs: Kwargs) => Promise<Value> | Value {
  return (args, kwargs) => {
    if (args.length !== 2 || kwargs.size > 0)
      throw compilation(`source() takes exactly two arguments (${args.length} given)`);
    const [sourceName = '', tableName = ''] = args.map(str);
    const source = resolveSource(scope, sourceName, tableName);
    const substitute = scope.substitutes?.get(source.unique_id);
    if (substitute !== undefined) {
      if (!scope.ctes.includes(substitute.id)) scope.ctes.push(substitute.id);
      return new RelationObject(substitute.relation);
    }
    if (scope.substitutes !== undefined) throw noRows(scope, `source('${sourceName}', '${tableName}')`);
    const relation = new RelationObject(limited(scope, source, relationOfSource(source)));
    return pluginOf(source) === undefined ? relation : loadSource(scope.session, source).then(() => relation);
  };
}

export function resolveSource({ session, node }: Owner, sourceName: string, tableName: string): SourceNode {
  const { sources } = session.parsed.manifest;
  const root = session.parsed.project.name;
  for (const packageName of [node.package_name, root]) {
    const found = sources[`source.${packageName}.${sourceName}.${tableName}`];
    if (found !== undefined) return found;
  }
  const anywhere = Object.values(sources).find(
    ({ source_name, name }) => source_name === sourceName && name === tableName,
  );
  if (anywhere !== undefined) return anywhere;
  throw compilation(
    `${node.resource_type} '${node.unique_id}' depends on a source named '${sourceName}.${tableName}' which was not found`,
  );
}

/** The project's quoting is not for sources. */
export function relationOfSource(source: SourceNode): Relation {
  const external = externalLocation(source);
  return new Relation({
    database: source.database,
    schema: source.schema,
    identifier: source.identifier,
    quotePolicy: quotePolicy({}, source.quoting as unknown as Quoting),
    ...(external === undefined ? {} : { external }),
  });
}
