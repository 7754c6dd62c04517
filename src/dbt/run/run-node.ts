import type { ManifestNode } from '../manifest-types.ts';
import { compileNode } from './compile.ts';
import { withPlace } from './known-problems.ts';
import { pointToLatest } from './latest-version.ts';
import { materialize } from './materialize.ts';
import { isMicrobatch, runMicrobatch } from './microbatch.ts';
import { runPythonModel } from './python-model.ts';
import type { NodeResult } from './results.ts';
import { onConnection, type RunSession } from './session.ts';
import { reused, timed } from './timed.ts';

/** Compiles and builds a model, a snapshot or a seed. */
export function runModel(session: RunSession, node: ManifestNode, thread: string): Promise<NodeResult> {
  return timed({ node, thread }, async (clock) => {
    if (isMicrobatch(session, node)) return runMicrobatch(session, node, { thread, clock });
    return onConnection(session, node.unique_id, async (connection) => {
      if (node.resource_type !== 'seed') await compileNode(session, node, { connection, thread });
      clock.compiled();
      const since = await session.changes?.unchangedSince(node, connection);
      if (since !== undefined) return reused(session, since);
      const options = { connection, thread };
      const work = materialize(session, node, {
        ...options,
        submitPython: (code) => runPythonModel(session, node, { code, connection }),
      }).then(async (made) => {
        await pointToLatest(session, node, options, made.relations[0]);
        return made;
      });
      const { response, table } = await withPlace(session, node, work);
      await session.changes?.made(node, connection);
      const isShown = node.resource_type === 'seed' && session.flags.args.show === true;
      const outcome = { status: 'success', message: response.message, adapterResponse: response } as const;
      return isShown ? { ...outcome, table } : outcome;
    });
  });
}
