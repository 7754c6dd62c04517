import { PyError } from '../../jinja/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql.ts';
import type { AdapterConnection } from '../adapter/database.ts';
import type { ManifestNode } from '../manifest-types.ts';
import { runPython } from './python-child.ts';
import { modelDriver } from './python-driver.ts';
import type { Connect, RunSession } from './session.ts';

export interface PythonModel {
  /** The model's text with what dbt puts behind it: `model`, `dbtObj` and `materialize` are defined in it. */
  readonly code: string;
  readonly connection: Connect;
}

type Request =
  | { readonly op: 'load'; readonly relation: string; readonly path: string }
  | { readonly op: 'execute'; readonly sql: string; readonly frames: Readonly<Record<string, string>> };

/** Runs a Python model in a `python3` child, which has the `duckdb` module. */
export async function runPythonModel(session: RunSession, node: ManifestNode, model: PythonModel): Promise<void> {
  await runPython<Request>(session, {
    reason: `model ${node.name} is written in Python`,
    instead: 'write the model in SQL',
    driver: modelDriver,
    input: { name: `${node.name}.py`, text: model.code },
    answer: async (request) => answer(await model.connection(), request),
    failure: (text) =>
      new PyError('DbtRuntimeError', `Python model failed:\n${text}`, { context: { path: node.original_file_path } }),
  });
}

async function answer(connection: AdapterConnection, request: Request): Promise<void> {
  if (request.op === 'load')
    await connection.execute(
      `copy (select * from ${request.relation}) to ${quoteLiteral(request.path)} (format parquet)`,
    );
  else await executeWithFrames(connection, request);
}

/** Frames are views over their files while the statement runs. */
async function executeWithFrames(
  connection: AdapterConnection,
  { sql, frames }: Extract<Request, { op: 'execute' }>,
): Promise<void> {
  for (const [name, file] of Object.entries(frames))
    await connection.execute(
      `create or replace temp view ${quoteIdentifier(name)} as select * from read_parquet(${quoteLiteral(file)})`,
    );
  await connection.execute(sql);
  for (const name of Object.keys(frames)) await connection.execute(`drop view if exists temp.${quoteIdentifier(name)}`);
}
