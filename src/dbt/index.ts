/**
 * dbt projects: from folders to a manifest, to a selection, to relations in DuckDB, with dbt's names, artifacts and
 * exit codes. `runDbt` is a whole command line. Loading this file loads none of the engine:
 * a command line that prints its version must not wait for it. Templates are rendered by the jinja room.
 * Read on in `parse/parse-project.ts` and `commands/commands.ts`.
 */
export type { DbtHost } from './commands/context.ts';
export type { DbtManifest, ManifestNode } from './manifest-types.ts';
export type { ParsedProject, ParseFlags, SelectionRequest } from './project-types.ts';
export { type DbtMessages, runDbt } from './run-dbt.ts';
export type { DbtThreads, ThreadAnswer } from './thread/host.ts';
export type { ThreadOutcome, ThreadRun } from './thread/protocol.ts';
export { checkWithin } from './within.ts';

/** Command lines of dbt in a thread of their own. */
export const loadDbtThreads = (): Promise<typeof import('./thread/host.ts')> => import('./thread/host.ts');

/** What may stand in a dbt command line. */
export const loadDbtCandidates = (): Promise<typeof import('./candidates.ts')> => import('./candidates.ts');
