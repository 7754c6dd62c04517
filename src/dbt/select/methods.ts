/** The selection methods: each gives the members of the graph that a value means. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type { DbtManifest, Dict, GraphMember, ManifestNode, SourceNode } from '../manifest-types.ts';
import { isDict } from '../plain.ts';
import type { PreviousState } from '../project-types.ts';
import type { Warn } from './contract-changes.ts';
import { globSource, matchesGlob } from './glob.ts';
import { type Criteria, type MethodName, methodNames } from './spec.ts';
import { freshSources, previousStatuses, stateCheck } from './state.ts';

export interface MethodContext {
  readonly manifest: DbtManifest;
  /** Enabled members of the graph, in the order of the manifest. */
  readonly members: readonly GraphMember[];
  readonly projectRoot: string;
  readonly previous: PreviousState | undefined;
  readonly warn: Warn;
}

type Method = (context: MethodContext, value: string, criteria: Criteria) => (member: GraphMember) => boolean;

const invalid = (message: string, context: Dict<string> = {}): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { context });

export function methodOf(criteria: Criteria): Method {
  const method = methods[criteria.method as MethodName];
  if (method !== undefined) return method;
  throw new DuckhouseError(
    'InvalidArgument',
    `'${criteria.method}' is not a valid method name; the methods are ${methodNames.join(', ')}`,
    {
      context: { value: criteria.raw, candidates: nearestNames(criteria.method, methodNames) },
    },
  );
}

const isNode = (member: GraphMember): member is ManifestNode => 'raw_code' in member;
const typed =
  (type: string) =>
  (context: MethodContext, value: string): ((member: GraphMember) => boolean) => {
    const parts = value.split('.');
    if (parts.length > 2) throw invalid(`invalid ${type} selector value '${value}': write name or package.name`);
    const [packageName, name] = parts.length === 1 ? ['*', parts[0] as string] : (parts as [string, string]);
    void context;
    return (member) =>
      member.resource_type === type && matchesGlob(member.package_name, packageName) && matchesGlob(member.name, name);
  };

const methods: Readonly<Partial<Record<MethodName, Method>>> = {
  fqn: (_, value) => (member) => {
    if (member.resource_type === 'source') return false;
    const versioned = isNode(member) && member.version !== null && member.version !== undefined;
    return matchesFqn(member.fqn, value, versioned) || matchesFqn(member.fqn.slice(1), value, versioned);
  },
  tag: (_, value) => (member) => {
    const tags = 'tags' in member ? member.tags : member.resource_type === 'unit_test' ? member.config.tags : undefined;
    return Array.isArray(tags) && tags.some((tag) => matchesGlob(String(tag), value));
  },
  group: (_, value) => (member) => {
    const { group } = member.config as Dict;
    return (
      (isNode(member) || member.resource_type === 'metric') && typeof group === 'string' && matchesGlob(group, value)
    );
  },
  access: (_, value) => (member) => isNode(member) && member.resource_type === 'model' && member.access === value,
  source: (_, value) => {
    const parts = value.split('.');
    if (parts.length > 3)
      throw invalid(`invalid source selector value '${value}': write source, source.table or package.source.table`);
    const [packageName = '*', source = '*', table = '*'] =
      parts.length === 1 ? ['*', parts[0]] : parts.length === 2 ? ['*', ...parts] : parts;
    return (member) =>
      member.resource_type === 'source' &&
      matchesGlob(member.package_name, packageName) &&
      matchesGlob((member as SourceNode).source_name, source) &&
      matchesGlob(member.name, table);
  },
  path: ({ projectRoot }, value) => {
    const paths = new Set(globPaths(projectRoot, value));
    return (member) => {
      const { original_file_path: original } = member;
      if (paths.has(original)) return true;
      const patch = 'patch_path' in member ? (member.patch_path as string | null) : null;
      if (patch !== null && paths.has(patch.split('://')[1] ?? '')) return true;
      return parentsOf(original).some((parent) => paths.has(parent));
    };
  },
  file: (_, value) => (member) => {
    const { base, name } = path.posix.parse(member.original_file_path);
    return matchesGlob(base, value) || matchesGlob(name, value);
  },
  package: ({ manifest }, value) => {
    const wanted = value === 'this' ? (manifest.metadata.project_name ?? value) : value;
    return (member) => matchesGlob(member.package_name, wanted);
  },
  config:
    (_, value, { methodArguments }) =>
    (member) =>
      (isNode(member) || member.resource_type === 'source') &&
      matchesConfig(member.config as Dict, methodArguments, value),
  resource_type: (_, value) => {
    if (!resourceTypes.has(value))
      throw invalid(`invalid resource_type selector '${value}'; the types are ${[...resourceTypes].join(', ')}`);
    return (member) => member.resource_type === value;
  },
  test_name: (_, value) => (member) =>
    member.resource_type === 'unit_test'
      ? matchesGlob(member.name, value)
      : isNode(member) && member.test_metadata !== undefined && matchesGlob(member.test_metadata.name, value),
  test_type: (_, value) => testType(value),
  exposure: typed('exposure'),
  metric: typed('metric'),
  semantic_model: typed('semantic_model'),
  saved_query: typed('saved_query'),
  unit_test: typed('unit_test'),
  version: (_, value) => versionCheck(value),
  state: ({ manifest, previous, warn }, value) => {
    if (previous?.manifest === undefined)
      throw invalid(`selecting by state needs the manifest of an earlier run: give its folder with --state`);
    return stateCheck({ manifest, previous: previous.manifest, warn }, value);
  },
  result: ({ previous }, value) => {
    const matching = previousStatuses(previous, value);
    return (member) => matching.has(member.unique_id);
  },
  source_status: ({ previous }, value) => {
    if (value !== 'fresher') throw invalid(`invalid source_status selector '${value}': expected 'fresher'`);
    const fresh = freshSources(previous);
    return (member) => fresh.has(member.unique_id);
  },
};

const resourceTypes = new Set([
  'model',
  'analysis',
  'test',
  'snapshot',
  'operation',
  'seed',
  'sql_operation',
  'doc',
  'source',
  'macro',
  'exposure',
  'metric',
  'group',
  'saved_query',
  'semantic_model',
  'unit_test',
  'fixture',
  'function',
]);

/** A name, its last part, or a prefix of the parts; from the first wildcard on, the rest must match. */
function matchesFqn(fqn: readonly string[], selector: string, versioned: boolean): boolean {
  const parts = selector.split('.');
  const last = fqn.at(-1) ?? '';
  if (versioned) {
    if (fqn.at(-2) === selector) return true;
    if (fqn.slice(-2).join('_') === parts.slice(-2).join('_')) return true;
  } else if (last === selector) return true;
  const flat = fqn.flatMap((part) => part.split('.'));
  if (flat.length < parts.length) return false;
  const wild = parts.findIndex((part) => /[*?[\]]/.test(part));
  const exact = wild < 0 ? parts.length : wild;
  for (let at = 0; at < exact; at++) if (flat[at] !== parts[at]) return false;
  if (wild < 0) return true;
  if (matchesGlob(flat.slice(wild).join('.'), parts.slice(wild).join('.'))) return true;
  return parts.length === 1 && matchesGlob((versioned ? fqn.at(-2) : last) ?? '', selector);
}

function matchesConfig(config: Dict, keys: readonly string[], wanted: string): boolean {
  let value: unknown = config;
  for (const key of keys) {
    if (!isDict(value) || !(key in value)) return false;
    value = value[key];
  }
  const ignoreCase = keys.length === 1 && keys[0] === 'severity';
  const lower = wanted.toLowerCase();
  const same = (one: unknown): boolean => {
    if (typeof one === 'boolean') return lower === String(one);
    if (typeof one === 'string') return ignoreCase ? one.toLowerCase() === lower : one === wanted;
    return false; // what is written is text, and a number is not equal to text
  };
  return Array.isArray(value) ? value.some(same) : same(value);
}

function testType(value: string): (member: GraphMember) => boolean {
  const generic = (member: GraphMember): boolean => isNode(member) && member.test_metadata !== undefined;
  const singular = (member: GraphMember): boolean => member.resource_type === 'test' && !generic(member);
  switch (value) {
    case 'generic':
    case 'schema':
      return generic;
    case 'singular':
      return singular;
    case 'data':
      return (member) => generic(member) || singular(member);
    case 'unit':
      return (member) => member.resource_type === 'unit_test';
    default:
      throw invalid(`invalid test type selector '${value}': expected generic, singular, unit or data`);
  }
}

function versionCheck(value: string): (member: GraphMember) => boolean {
  const compare = (member: GraphMember): number | undefined => {
    const { version, latest_version: latest } = member as ManifestNode;
    if (version === null || version === undefined || latest === null || latest === undefined) return undefined;
    const [a, b] = [Number(version), Number(latest)];
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    return String(version) < String(latest) ? -1 : String(version) > String(latest) ? 1 : 0;
  };
  const checks: Readonly<Record<string, (member: GraphMember) => boolean>> = {
    latest: (member) => compare(member) === 0,
    prerelease: (member) => (compare(member) ?? 0) > 0,
    old: (member) => (compare(member) ?? 0) < 0,
    none: (member) => ((member as ManifestNode).version ?? null) === null,
  };
  const check = checks[value];
  if (check === undefined)
    throw invalid(`invalid version selector '${value}': expected latest, prerelease, old or none`);
  return (member) => member.resource_type === 'model' && check(member);
}

const parentsOf = (original: string): string[] => {
  const parents: string[] = [];
  for (let at = path.posix.dirname(original); at !== '.' && at !== '/'; at = path.posix.dirname(at)) parents.push(at);
  return [...parents, '.'];
};

/** Files and folders of the project that a pattern means, relative to it; `**` stands for any folders. */
function globPaths(root: string, pattern: string): string[] {
  const parts = path.posix
    .normalize(pattern.replaceAll('\\', '/'))
    .replace(/\/$/, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  const walk = (folder: string, rest: readonly string[]): string[] => {
    const [part, ...later] = rest;
    if (part === undefined) return [folder === '' ? '.' : folder];
    if (part === '**') return [...walk(folder, later), ...subfolders(root, folder).flatMap((one) => walk(one, rest))];
    if (part === '..') return walk(path.posix.join(folder, '..'), later);
    const below = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
    if (!/[*?[\]]/.test(part))
      return statSync(path.join(root, below(part)), { throwIfNoEntry: false }) === undefined
        ? []
        : walk(below(part), later);
    const form = new RegExp(`^${globSource(part, '[^/]')}$`, 's');
    return entriesOf(root, folder)
      .filter((name) => form.test(name))
      .flatMap((name) => walk(below(name), later));
  };
  return walk('', parts);
}

function entriesOf(root: string, folder: string): string[] {
  try {
    return readdirSync(path.join(root, folder));
  } catch {
    return []; // a file has nothing below it
  }
}

const subfolders = (root: string, folder: string): string[] =>
  entriesOf(root, folder)
    .map((name) => (folder === '' ? name : `${folder}/${name}`))
    .filter((one) => statSync(path.join(root, one), { throwIfNoEntry: false })?.isDirectory() === true);
