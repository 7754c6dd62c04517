/** The commands of dbt; the code of each is loaded when it runs. */
import type { DbtCommand } from './context.ts';

const run = (name: string) => async (): Promise<DbtCommand> => (await import('./run.ts')).runCommandNamed(name);

export const commands: Readonly<Record<string, () => Promise<DbtCommand>>> = {
  build: run('build'),
  run: run('run'),
  test: run('test'),
  seed: run('seed'),
  snapshot: run('snapshot'),
  compile: run('compile'),
  show: run('show'),
  clone: run('clone'),
  'run-operation': run('run-operation'),
  lineage: run('lineage'),
  'source freshness': run('source'),
  'docs generate': async () => (await import('./docs.ts')).docsGenerateCommand,
  'docs serve': async () => (await import('./docs.ts')).docsServeCommand,
  retry: async () => (await import('./run.ts')).retryCommand,
  debug: async () => (await import('./debug.ts')).debugCommand,
  parse: async () => (await import('./parse.ts')).parseCommand,
  ls: async () => (await import('./ls.ts')).lsCommand,
  deps: async () => (await import('./deps.ts')).depsCommand,
  clean: async () => (await import('./clean.ts')).cleanCommand,
  init: async () => (await import('./init.ts')).initCommand,
};
