import path from 'node:path';
import { writeArtifact } from '../run/artifact.ts';
import type { NodeResult } from '../run/results.ts';
import { compileOnly } from '../run/show.ts';
import { buildCatalog } from './catalog.ts';
import { type Command, endOf, exitCodes, task, tellErrors } from './command.ts';
import { tellNamed } from './compile-command.ts';
import { compileKinds } from './kinds.ts';

export const docsGenerate: Command = async (session, input) => {
  let compiled = true;
  if (input.args.compile !== false) {
    const results: NodeResult[] = [];
    const outcome = await task(compileKinds, {
      runner: compileOnly,
      builds: false,
      lines: false,
      keepsEphemeral: true,
      leavesNoResults: (all) => endOf(session, all) === exitCodes.error,
      onResult: (result) => void results.push(result),
    })(session, input);
    compiled = outcome === true;
    tellErrors(session, results);
    if (!compiled) {
      session.log.fire({
        name: 'CompileComplete',
        code: 'Q044',
        level: 'error',
        msg: 'compile failed, cannot generate docs',
      });
      return endOf(session, results);
    }
    tellNamed(session, input, results);
  } else session.selected = input.select(compileKinds);
  if (compiled && input.args.column_lineage !== false) {
    const { addLineage } = await import('../lineage/command.ts');
    await addLineage(session, session.selected);
  }
  session.log.fire({ name: 'BuildingCatalog', code: 'E044', level: 'info', msg: 'Building catalog' });
  // Sources are selected beside what is compiled; without compiling nothing is.
  const ids = input.args.compile === false ? undefined : [...session.selected, ...input.select(['source'])];
  const catalog =
    input.args.empty_catalog === true ? { ...(await buildCatalog(session, [])) } : await buildCatalog(session, ids);
  writeArtifact(session, 'catalog.json', catalog);
  session.log.fire({
    name: 'CatalogWritten',
    code: 'E041',
    level: 'info',
    msg: `Catalog written to ${path.join(session.targetPath, 'catalog.json')}`,
  });
  return compiled;
};
