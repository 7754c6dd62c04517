import { PyError } from '../../jinja/index.ts';
import type { ManifestNode } from '../manifest-types.ts';
import type { Connect, RunSession } from './session.ts';

export interface PythonModel {
  readonly code: string;
  readonly connection: Connect;
}

/** Runs a Python model in a `python3` child. */
export async function runPythonModel(_session: RunSession, node: ManifestNode, _model: PythonModel): Promise<void> {
  throw new PyError('DbtRuntimeError', `model ${node.name} is written in Python, which this version does not run`, {
    kind: 'Unsupported',
  });
}
