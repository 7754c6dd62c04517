/** selectors.yml: named selections, as written for the manifest and as definitions. */
import path from 'node:path';
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type { Dict, SelectorEntry } from '../manifest-types.ts';
import { isDict, isText, typeName } from '../plain.ts';
import type { DbtProject, IndirectSelection } from '../project-types.ts';
import { methodOf } from './methods.ts';
import { type Criteria, parseCriteria, type Selection, union } from './spec.ts';

export interface NamedSelector {
  readonly name: string;
  readonly isDefault: boolean;
  readonly definition: unknown;
  readonly description: string | undefined;
}

/** Of a project, what its selectors are read from. */
export type SelectorSource = Pick<DbtProject, 'root' | 'selectors'>;

export function readSelectors({ root, selectors: content }: SelectorSource): NamedSelector[] {
  const file = path.join(root, 'selectors.yml');
  if (content === null) return [];
  if (!isDict(content) || !Array.isArray(content.selectors)) throw bad(file, `it must hold a list 'selectors'`);
  const found = content.selectors.map((entry: unknown): NamedSelector => {
    if (!isDict(entry) || !isText(entry.name) || entry.definition === undefined)
      throw bad(file, `every selector needs a name and a definition`);
    return {
      name: entry.name,
      isDefault: entry.default === true,
      definition: entry.definition,
      description: isText(entry.description) ? entry.description : undefined,
    };
  });
  if (found.filter(({ isDefault }) => isDefault).length > 1) throw bad(file, 'more than one selector is the default');
  return found;
}

const bad = (file: string, problem: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `${file}: ${problem}`, { context: { path: file } });

/** `selectors` of the manifest: text definitions split into method and value. */
export function selectorEntries(project: SelectorSource): Dict<SelectorEntry> {
  const named = readSelectors(project);
  for (const { name } of named) checkMethods(definitionOf(named, name, 'eager', []));
  return Object.fromEntries(
    named.map(({ name, definition, description, isDefault }) => [
      name,
      {
        name,
        definition: spelled(definition),
        ...(description === undefined ? {} : { description }),
        ...(isDefault ? { default: true } : {}),
      },
    ]),
  );
}

/** Selectors are wrong whether they are asked for or not. */
function checkMethods(selection: Selection): void {
  if (selection.kind === 'criteria') {
    if (selection.criteria.method !== 'selector') methodOf(selection.criteria);
  } else if (selection.kind === 'difference') {
    checkMethods(selection.base);
    checkMethods(selection.excluded);
  } else if (selection.kind === 'expanded') checkMethods(selection.base);
  else for (const part of selection.parts) checkMethods(part);
}

function spelled(definition: unknown): unknown {
  if (isText(definition)) return spelledText(definition);
  if (Array.isArray(definition)) return definition.map(spelled);
  if (!isDict(definition)) return definition;
  for (const key of ['union', 'intersection'] as const)
    if (Array.isArray(definition[key])) return { [key]: definition[key].map(spelled) };
  if (Array.isArray(definition.exclude) && !('method' in definition))
    return { exclude: definition.exclude.map(spelled) };
  if (!('method' in definition) && Object.keys(definition).length === 1) {
    const [method, value] = Object.entries(definition)[0] as [string, unknown];
    return { method, value };
  }
  return definition;
}

function spelledText(text: string): unknown {
  const { method, methodArguments, value, parents, children, childrensParents, parentsDepth, childrenDepth } =
    parseCriteria(text);
  return {
    method: [method, ...methodArguments].join('.'),
    value,
    ...(childrensParents ? { childrens_parents: true } : {}),
    ...(parents ? { parents: true } : {}),
    ...(parentsDepth === undefined ? {} : { parents_depth: parentsDepth }),
    ...(children ? { children: true } : {}),
    ...(childrenDepth === undefined ? {} : { children_depth: childrenDepth }),
  };
}

/** The selection a named selector stands for. */
export function selectorSelection(project: SelectorSource, name: string, indirect: IndirectSelection): Selection {
  const named = readSelectors(project);
  return definitionOf(named, name, indirect, []);
}

export const defaultSelector = (project: SelectorSource): string | undefined =>
  readSelectors(project).find(({ isDefault }) => isDefault)?.name;

function definitionOf(
  named: readonly NamedSelector[],
  name: string,
  indirect: IndirectSelection,
  trail: readonly string[],
): Selection {
  const found = named.findLast((one) => one.name === name);
  if (found === undefined)
    throw new DuckhouseError(
      'NotFound',
      `could not find selector named ${name}, expected one of ${named.map((one) => one.name).join(', ') || 'none'}`,
      {
        context: {
          name,
          candidates: nearestNames(
            name,
            named.map((one) => one.name),
          ),
        },
      },
    );
  if (trail.includes(name))
    throw new DuckhouseError('DataInvalid', `selectors refer to each other: ${[...trail, name].join(' --> ')}`);
  return toSelection(found.definition, { named, indirect, trail: [...trail, name] });
}

interface Reading {
  readonly named: readonly NamedSelector[];
  readonly indirect: IndirectSelection;
  readonly trail: readonly string[];
}

function toSelection(definition: unknown, reading: Reading): Selection {
  if (isText(definition))
    return { kind: 'criteria', criteria: { ...parseCriteria(definition), indirect: reading.indirect } };
  if (Array.isArray(definition)) return group('union', definition, reading);
  if (!isDict(definition))
    throw new DuckhouseError(
      'DataInvalid',
      `a selector's definition must be text or a dictionary, not a ${typeName(definition)}`,
    );
  for (const key of ['union', 'intersection'] as const)
    if (key in definition) {
      if (!Array.isArray(definition[key]))
        throw new DuckhouseError('DataInvalid', `'${key}' of a selector must be a list`);
      return group(key, definition[key], reading);
    }
  return criteriaOf(definition, reading);
}

const excludeOf = (entry: unknown): unknown[] | undefined =>
  isDict(entry) && Array.isArray(entry.exclude) && Object.keys(entry).length === 1 ? entry.exclude : undefined;

function group(kind: 'union' | 'intersection', entries: readonly unknown[], reading: Reading): Selection {
  const excluded = entries.flatMap((entry) => excludeOf(entry) ?? []);
  if (entries.filter((entry) => excludeOf(entry) !== undefined).length > 1)
    throw new DuckhouseError('DataInvalid', `a '${kind}' of a selector has more than one 'exclude'`, {
      hint: 'list all that is left out under one',
    });
  const parts = entries.filter((entry) => excludeOf(entry) === undefined).map((entry) => toSelection(entry, reading));
  const base: Selection = { kind, parts };
  return excluded.length === 0
    ? base
    : { kind: 'difference', base, excluded: union(excluded.map((entry) => toSelection(entry, reading))) };
}

function criteriaOf(definition: Dict, reading: Reading): Selection {
  const entries = Object.entries(definition).filter(([key]) => key !== 'exclude');
  if (!('method' in definition) && entries.length === 1) {
    const [method, value] = entries[0] as [string, unknown];
    return {
      kind: 'criteria',
      criteria: { ...parseCriteria(`${method}:${String(value)}`), indirect: reading.indirect },
    };
  }
  const { method, value, indirect_selection: indirect } = definition;
  if (!isText(method) || value === undefined)
    throw new DuckhouseError(
      'DataInvalid',
      `a selector's definition needs a method and a value, unlike ${JSON.stringify(definition)}`,
    );
  const [name = '', ...methodArguments] = method.split('.');
  const depth = (key: string): number | undefined =>
    typeof definition[key] === 'number' ? (definition[key] as number) : undefined;
  const criteria: Criteria = {
    method: name,
    methodArguments,
    value: String(value),
    parents: definition.parents === true,
    children: definition.children === true,
    childrensParents: definition.childrens_parents === true,
    parentsDepth: depth('parents_depth'),
    childrenDepth: depth('children_depth'),
    indirect: (indirect as IndirectSelection | undefined) ?? reading.indirect,
    raw: `${method}:${String(value)}`,
  };
  const base: Selection =
    name === 'selector'
      ? {
          kind: 'expanded',
          base: definitionOf(reading.named, String(value), reading.indirect, reading.trail),
          criteria,
        }
      : { kind: 'criteria', criteria };
  return Array.isArray(definition.exclude)
    ? { kind: 'difference', base, excluded: union(definition.exclude.map((entry) => toSelection(entry, reading))) }
    : base;
}
