import { jsonText } from '../../jinja/index.ts';
import { type DbtArgs, listArg } from '../args.ts';
import type { DbtManifest, Dict, GraphMember, ManifestNode, SourceNode, UnitTestNode } from '../manifest-types.ts';
import { versionedName } from '../parse/model-dates.ts';
import { isDict } from '../plain.ts';
import { graphMemberOf } from '../select/members.ts';
import type { CommandContext } from './context.ts';

const defaultTypes = [
  'model',
  'snapshot',
  'seed',
  'test',
  'source',
  'exposure',
  'metric',
  'saved_query',
  'semantic_model',
  'unit_test',
  'function',
];
const allTypes = [...defaultTypes, 'analysis'];
const defaultKeys = [
  'alias',
  'name',
  'package_name',
  'depends_on',
  'direct_parents',
  'tags',
  'config',
  'resource_type',
  'source_name',
  'original_file_path',
  'unique_id',
];

export async function lsCommand(context: CommandContext): Promise<number> {
  const { args, log } = context;
  const parsed = context.parse();
  const ids = [...context.select(parsed, lsTypes(context.args))].sort();
  if (ids.length === 0) log.fire({ name: 'NoNodesSelected', code: 'M008', level: 'warn', msg: 'No nodes selected!' });
  const format = formats[args.values.output as string] ?? selectorText;
  for (const id of ids) {
    const member = graphMemberOf(parsed.manifest, id) as GraphMember;
    log.fire({ name: 'PrintEvent', code: 'Z052', level: 'info', msg: format(member, context, parsed.manifest) });
  }
  return 0;
}

/** The kinds of resources that are listed. */
export function lsTypes(args: DbtArgs): string[] {
  if (listArg(args, 'models') !== undefined) return ['model'];
  const given = listArg(args, 'resource_types') ?? ['default'];
  const chosen = given.flatMap((type) => (type === 'all' ? allTypes : type === 'default' ? defaultTypes : [type]));
  const without = new Set(listArg(args, 'exclude_resource_types') ?? []);
  return [...new Set(chosen)].filter((type) => !without.has(type));
}

type Format = (member: GraphMember, context: CommandContext, manifest: DbtManifest) => string;

const formats: Readonly<Record<string, Format>> = {
  selector: selectorText,
  name: (member) => searchName(member),
  path: (member) => member.original_file_path,
  json: memberText,
};

/** Text that selects just this member. */
function selectorText(member: GraphMember): string {
  const type = member.resource_type;
  if (type === 'source') return `source:${member.package_name}.${(member as SourceNode).source_name}.${member.name}`;
  if (type === 'unit_test') return `unit_test:${member.package_name}.${unitTestName(member as UnitTestNode)}`;
  if (type === 'exposure' || type === 'metric' || type === 'saved_query' || type === 'semantic_model')
    return `${type}:${member.package_name}.${member.name}`;
  return member.fqn.join('.');
}

const unitTestName = ({ name, version }: UnitTestNode): string => (version === null ? name : `${name}_v${version}`);

function searchName(member: GraphMember): string {
  if (member.resource_type === 'unit_test') return unitTestName(member as UnitTestNode);
  if (member.resource_type === 'source') return `${(member as SourceNode).source_name}.${member.name}`;
  return versionedName(member as ManifestNode);
}

function memberText(member: GraphMember, { args }: CommandContext): string {
  const all: Dict = { ...member } as Dict;
  if (member.resource_type === 'model') all.direct_parents = [...(member as ManifestNode).depends_on.nodes];
  const keys = listArg(args, 'output_keys')?.flatMap((key) => key.split(/[\s,]+/).filter((one) => one !== ''));
  const shown: Dict = {};
  for (const key of keys ?? Object.keys(all).filter((one) => defaultKeys.includes(one))) {
    const value = key.includes('.') ? nested(all, key.split('.')) : all[key];
    if (value !== undefined) shown[key] = value;
  }
  return spaced(shown);
}

function nested(value: unknown, keys: readonly string[]): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value ?? undefined;
  return isDict(value) ? nested(value[key], rest) : undefined;
}

/** JSON with a space after commas and colons, as Python prints it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (!isDict(value)) return value === undefined ? 'null' : jsonText(value);
  return `{${Object.entries(value)
    .flatMap(([key, item]) => (item === undefined ? [] : [`${JSON.stringify(key)}: ${spaced(item)}`]))
    .join(', ')}}`;
}
