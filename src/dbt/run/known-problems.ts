import { isDuckhouseError } from '../../errors.ts';
import { PyError } from '../../jinja/index.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { pythonFunction } from './plugins.ts';
import type { RunSession } from './session.ts';

/** What DuckDB says of a text it does not take. */
const refusals: ReadonlySet<unknown> = new Set(['Binder', 'Catalog', 'Parser']);

/** Runs a node like any other; if DuckDB does not take its text, as was told, the error says where it comes from. */
export async function withPlace<T>(session: RunSession, node: ManifestNode, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const pythons = await pythonFunction(session, error);
    if (pythons !== undefined) throw pythons;
    const problem = session.problems.get(node.unique_id);
    if (problem === undefined || !isDuckhouseError(error) || !refusals.has(error.context.errorType)) throw error;
    const { kind, context, message } = error;
    throw new PyError('DbtRuntimeError', `${message}\n\nat ${problem.place}`, { kind, context, cause: error });
  }
}

/** The error of a node that cannot run. */
export const knownProblem = ({ problems }: RunSession, node: ManifestNode): PyError =>
  new PyError('DbtRuntimeError', problems.get(node.unique_id)?.message ?? '');
