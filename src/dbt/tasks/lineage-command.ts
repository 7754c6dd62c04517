import type { NodeResult } from '../run/results.ts';
import type { RunSession } from '../run/session.ts';
import { compileOnly } from '../run/show.ts';
import { type Command, isJson, task, tellErrors } from './command.ts';

/** Where columns come from: what the wanted nodes need is compiled too, nothing is made. */
export const lineage: Command = async (session, input) => {
  const { macro } = input.args;
  const column = typeof macro === 'string' ? macro : undefined;
  const wanted = new Set(column === undefined ? input.select(['model', 'snapshot']) : ownersOf(session, column));
  const results: NodeResult[] = [];
  const compiled = await task(['model', 'snapshot'], {
    runner: compileOnly,
    builds: false,
    lines: false,
    onResult: (result) => void results.push(result),
  })(session, { ...input, select: () => withAncestors(session, wanted) });
  tellErrors(session, results);
  const { makeLineage, tellLineage } = await import('../lineage/command.ts');
  const found = await makeLineage(session, session.selected);
  tellLineage(session, found, { wanted, column, json: isJson(session.flags) });
  return compiled;
};

/** Ids of the models that `model.column` may mean; all when there is none of that name, for the error to know them. */
function ownersOf({ parsed: { manifest } }: RunSession, column: string): readonly string[] {
  const name = column.slice(0, column.lastIndexOf('.')).toLowerCase();
  const ids = Object.values(manifest.nodes).flatMap(({ unique_id, resource_type }) =>
    ['model', 'snapshot'].includes(resource_type) ? [unique_id] : [],
  );
  const found = ids.filter((id) => id.split('.').slice(2).join('.').toLowerCase() === name);
  return found.length > 0 ? found : ids;
}

function withAncestors({ parsed: { graph } }: RunSession, ids: Iterable<string>): readonly string[] {
  const all = new Set<string>();
  const stack = [...ids];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (all.has(id)) continue;
    all.add(id);
    stack.push(...(graph.parents.get(id) ?? []));
  }
  return graph.order.filter((id) => all.has(id));
}
