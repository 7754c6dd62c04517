/**
 * dbt projects: from folders to a manifest, to a selection, to relations in DuckDB, with dbt's names, artifacts and
 * exit codes. `runDbt` is a whole command line; `parseProject` and `selectNodes` are the parts other rooms may want.
 * Templates are rendered by the jinja room. Read on in `parse/parse-project.ts` and `commands/commands.ts`.
 */
export type { DbtHost } from './commands/context.ts';
export type { DbtManifest, ManifestNode } from './manifest-types.ts';
export { parseProject } from './parse/parse-project.ts';
export type { ParsedProject, ParseFlags } from './project-types.ts';
export { type DbtMessages, runDbt } from './run-dbt.ts';
export { selectNodes } from './select/select.ts';
