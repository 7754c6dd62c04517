/** Runs a selection over the graph: criteria, neighbours, tests that come along, set operations. */
import { DuckhouseError } from '../../errors.ts';
import type { GraphMember, ManifestNode } from '../manifest-types.ts';
import type {
  DbtGraph,
  IndirectSelection,
  ParsedProject,
  ParseWarning,
  SelectionRequest,
  Selection as SelectionResult,
} from '../project-types.ts';
import { matchesGlob } from './glob.ts';
import { graphMemberOf } from './members.ts';
import { type MethodContext, methodOf } from './methods.ts';
import { type Criteria, parseSelection, type Selection } from './spec.ts';
import { defaultSelector, readSelectors, selectorSelection } from './yaml-selectors.ts';

/** Ids that the request selects, in graph order, of the kinds it names. */
export function selectNodes(parsed: ParsedProject, request: SelectionRequest): SelectionResult {
  const selector = createSelector(parsed, request);
  const selected = selector.run(selectionOf(parsed, request));
  const types = request.resourceTypes === undefined ? undefined : new Set(request.resourceTypes);
  const without = new Set(request.excludeResourceTypes ?? []);
  const ids = parsed.graph.order.filter((id) => {
    const type = selector.member(id)?.resource_type ?? '';
    return selected.has(id) && (types === undefined || types.has(type)) && !without.has(type);
  });
  return { ids, warnings: selector.warnings };
}

function selectionOf({ project }: ParsedProject, request: SelectionRequest): Selection {
  const { select, exclude, selector, indirectSelection = 'eager' } = request;
  if (selector !== undefined) return selectorSelection(project, selector, indirectSelection);
  if (select === undefined && (exclude === undefined || exclude.length === 0)) {
    const name = defaultSelector(project);
    if (name !== undefined) return selectorSelection(project, name, indirectSelection);
  }
  return parseSelection(select, exclude);
}

type Ids = ReadonlySet<string>;
interface Selected {
  readonly direct: Ids;
  /** Tests whose other parents may yet be selected. */
  readonly indirect: Ids;
}

interface Selector {
  readonly run: (selection: Selection) => Ids;
  readonly member: (id: string) => GraphMember | undefined;
  readonly warnings: readonly ParseWarning[];
}

function createSelector({ manifest, graph, project }: ParsedProject, request: SelectionRequest): Selector {
  const { indirectSelection: indirect = 'eager', previous } = request;
  const members = new Map<string, GraphMember>();
  for (const id of graph.parents.keys()) {
    const member = graphMemberOf(manifest, id);
    if (member === undefined || (member.config as { readonly enabled?: boolean }).enabled === false) continue;
    if (request.includeEmpty === true || !isEmpty(member)) members.set(id, member);
  }
  const warnings: ParseWarning[] = [];
  const warn = (warning: ParseWarning): void => {
    if (!warnings.some(({ message }) => message === warning.message)) warnings.push(warning);
  };
  const context: MethodContext = {
    manifest,
    members: [...members.values()],
    projectRoot: project.root,
    previous,
    warn,
  };
  const walker = new Walker(graph, members);

  const open = new Set<string>();
  /** Selectors by their names, which may be patterns. */
  const named = (pattern: string): Set<string> => {
    const found = readSelectors(project).filter(({ name }) => matchesGlob(name, pattern));
    const names = found.length === 0 ? [pattern] : found.map(({ name }) => name);
    return new Set(names.flatMap((name) => [...oneNamed(name)]));
  };
  const oneNamed = (name: string): Ids => {
    if (open.has(name))
      throw new DuckhouseError('DataInvalid', `selectors refer to each other: ${[...open, name].join(' --> ')}`);
    open.add(name);
    const ids = run(selectorSelection(project, name, indirect));
    open.delete(name);
    return ids;
  };
  const matching = (criteria: Criteria): Set<string> => {
    if (criteria.method === 'selector') return named(criteria.value);
    const holds = methodOf(criteria)(context, criteria.value, criteria);
    return new Set(context.members.filter(holds).map(({ unique_id: id }) => id));
  };
  const resolve = (selection: Selection): Selected => {
    switch (selection.kind) {
      case 'criteria': {
        const { criteria } = selection;
        const selected = walker.expand(matching(criteria), criteria);
        if (criteria.method === 'selector') return { direct: selected, indirect: selected };
        return walker.withTests(selected, criteria.indirect ?? indirect);
      }
      case 'expanded': {
        const selected = walker.expand(new Set(run(selection.base)), selection.criteria);
        return { direct: selected, indirect: selected };
      }
      case 'difference':
        return combine([resolve(selection.base), resolve(selection.excluded)], difference);
      default: {
        const combined = combine(selection.parts.map(resolve), selection.kind === 'union' ? unionOf : intersection);
        if (selection.raw !== undefined && combined.direct.size === 0)
          warnings.push({
            name: 'NoNodesForSelectionCriteria',
            message: `The selection criterion '${selection.raw}' does not match any enabled nodes`,
          });
        return combined;
      }
    }
  };
  const combine = (parts: readonly Selected[], operation: (sets: readonly Ids[]) => Ids): Selected => {
    const direct = operation(parts.map((part) => part.direct));
    const all = operation(parts.map((part) => new Set([...part.direct, ...part.indirect])));
    return { direct: walker.completed(direct, all, indirect), indirect: all };
  };
  const run = (selection: Selection): Ids => resolve(selection).direct;
  return { run, member: (id) => members.get(id), warnings };
}

/** Nodes without a text cannot be run. */
const isEmpty = (member: GraphMember): boolean =>
  'raw_code' in member && member.resource_type !== 'seed' && (member as ManifestNode).raw_code.trim() === '';

const unionOf = (sets: readonly Ids[]): Ids => new Set(sets.flatMap((set) => [...set]));
const intersection = ([first = new Set<string>(), ...rest]: readonly Ids[]): Ids =>
  new Set([...first].filter((id) => rest.every((set) => set.has(id))));
const difference = ([first = new Set<string>(), ...rest]: readonly Ids[]): Ids =>
  new Set([...first].filter((id) => !rest.some((set) => set.has(id))));

class Walker {
  readonly #graph: DbtGraph;
  readonly #members: ReadonlyMap<string, GraphMember>;
  constructor(graph: DbtGraph, members: ReadonlyMap<string, GraphMember>) {
    this.#graph = graph;
    this.#members = members;
  }

  expand(selected: ReadonlySet<string>, criteria: Criteria): Set<string> {
    const all = new Set(selected);
    const add = (ids: Ids): void => {
      for (const id of ids) all.add(id);
    };
    if (criteria.childrensParents) {
      const below = new Set([...this.#reach(selected, 'children'), ...selected]);
      add(below);
      add(this.#reach(below, 'parents'));
    }
    if (criteria.parents) add(this.#reach(selected, 'parents', criteria.parentsDepth));
    if (criteria.children) add(this.#reach(selected, 'children', criteria.childrenDepth));
    return all;
  }

  #reach(from: Ids, direction: 'parents' | 'children', depth = Number.POSITIVE_INFINITY): Set<string> {
    const found = new Set<string>();
    let layer: Ids = from;
    for (let at = 0; at < depth && layer.size > 0; at++) {
      const next = new Set<string>();
      for (const id of layer)
        for (const other of this.#graph[direction].get(id) ?? [])
          if (!found.has(other) && this.#members.has(other)) {
            found.add(other);
            next.add(other);
          }
      layer = next;
    }
    return found;
  }

  /** Adds the tests of what is selected, as the mode of indirect selection says. */
  withTests(selected: Set<string>, mode: IndirectSelection): Selected {
    if (mode === 'empty') return { direct: selected, indirect: new Set() };
    const direct = new Set(selected);
    const indirect = new Set<string>();
    const reachable = mode === 'buildable' ? this.#buildable(selected) : selected;
    for (const id of selected)
      for (const child of this.#graph.children.get(id) ?? []) {
        const member = this.#members.get(child);
        if (member === undefined || !comesAlong(member)) continue;
        if (mode === 'eager' || this.#within(member, reachable)) direct.add(child);
        else indirect.add(child);
      }
    return { direct, indirect };
  }

  #buildable(selected: Ids): Set<string> {
    const sources = [...this.#members.values()]
      .filter((member) => member.resource_type === 'source')
      .map(({ unique_id: id }) => id);
    return new Set([...selected, ...this.#reach(selected, 'parents'), ...sources]);
  }

  #within(member: GraphMember, ids: Ids): boolean {
    return ((member as ManifestNode).depends_on?.nodes ?? []).every((parent) => ids.has(parent));
  }

  /** Tests left aside come in when all their parents are selected after all. */
  completed(direct: Ids, all: Ids, mode: IndirectSelection): Ids {
    if (mode !== 'cautious' && mode !== 'buildable') return direct;
    const selected = new Set(direct);
    const reachable = mode === 'buildable' ? new Set([...selected, ...this.#reach(selected, 'parents')]) : selected;
    for (const id of all) {
      const member = this.#members.get(id);
      if (!selected.has(id) && member !== undefined && 'raw_code' in member && this.#within(member, reachable))
        selected.add(id);
    }
    return selected;
  }
}

const comesAlong = (member: GraphMember): boolean =>
  member.resource_type === 'test' || member.resource_type === 'unit_test';
