/** What `--select` says: criteria with graph operators, and their unions, intersections and differences. */
import { DuckhouseError } from '../../errors.ts';
import type { IndirectSelection } from '../project-types.ts';

export interface Criteria {
  readonly method: string;
  readonly methodArguments: readonly string[];
  readonly value: string;
  readonly parents: boolean;
  readonly children: boolean;
  readonly childrensParents: boolean;
  readonly parentsDepth?: number | undefined;
  readonly childrenDepth?: number | undefined;
  readonly indirect?: IndirectSelection | undefined;
  /** As written, for messages. */
  readonly raw: string;
}

export type Selection =
  | { readonly kind: 'criteria'; readonly criteria: Criteria }
  | {
      readonly kind: 'union' | 'intersection';
      readonly parts: readonly Selection[];
      /** Set on what a person wrote: it is told when nothing matches. */
      readonly raw?: string | undefined;
    }
  | { readonly kind: 'difference'; readonly base: Selection; readonly excluded: Selection }
  /** A named selector with graph operators of its own. */
  | { readonly kind: 'expanded'; readonly base: Selection; readonly criteria: Criteria };

export const union = (parts: readonly Selection[], raw?: string): Selection => ({ kind: 'union', parts, raw });

export const methodNames = [
  'fqn',
  'tag',
  'group',
  'access',
  'source',
  'path',
  'file',
  'package',
  'config',
  'test_name',
  'test_type',
  'resource_type',
  'state',
  'exposure',
  'metric',
  'result',
  'source_status',
  'version',
  'semantic_model',
  'saved_query',
  'unit_test',
  'selector',
] as const;
export type MethodName = (typeof methodNames)[number];

const form = /^(@)?(?:(\d*)(\+))?(?:([\w.]+):)?(.*?)(?:(\+)(\d*))?$/s;

export function parseCriteria(raw: string): Criteria {
  const [, at, parentsDepth, parents, method, value = '', children, childrenDepth] = form.exec(raw) as RegExpExecArray;
  if (at !== undefined && children !== undefined)
    throw new DuckhouseError(
      'InvalidArgument',
      `selection '${raw}': the prefix "@" and the suffix "+" exclude each other`,
      { context: { value: raw } },
    );
  const [name = '', ...methodArguments] = method === undefined ? [defaultMethod(value)] : method.split('.');
  const depth = (text: string | undefined): number | undefined =>
    text === undefined || text === '' ? undefined : Number(text);
  return {
    method: name,
    methodArguments,
    value,
    parents: parents !== undefined,
    children: children !== undefined,
    childrensParents: at !== undefined,
    parentsDepth: depth(parentsDepth),
    childrenDepth: depth(childrenDepth),
    raw,
  };
}

/** Text with a slash is a path, text with the ending of a file is a file, all else a name. */
function defaultMethod(value: string): MethodName {
  if (value.includes('/') || (process.platform === 'win32' && value.includes('\\'))) return 'path';
  return /\.(sql|py|csv)$/i.test(value) ? 'file' : 'fqn';
}

const everything = ['fqn:*', 'source:*', 'exposure:*', 'metric:*', 'semantic_model:*', 'saved_query:*', 'unit_test:*'];

/** Selection of the command line: spaces and repeated flags unite, commas intersect. */
export function parseSelection(
  select: readonly string[] | undefined,
  exclude: readonly string[] | undefined,
): Selection {
  const base = unionOf(select ?? everything, select !== undefined);
  if (exclude === undefined || exclude.length === 0) return base;
  return { kind: 'difference', base, excluded: unionOf(exclude, false) };
}

function unionOf(texts: readonly string[], expected: boolean): Selection {
  const parts = texts
    .flatMap((text) => text.split(/\s+/).filter((one) => one !== ''))
    .map((text): Selection => {
      const criteria = text.split(',').map((one): Selection => ({ kind: 'criteria', criteria: parseCriteria(one) }));
      return { kind: 'intersection', parts: criteria, raw: expected ? text : undefined };
    });
  return union(parts);
}
