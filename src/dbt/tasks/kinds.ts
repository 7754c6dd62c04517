import type { Choice } from './task.ts';

export const buildKinds = ['model', 'seed', 'snapshot', 'test', 'unit_test', 'exposure', 'saved_query', 'function'];
export const compileKinds = ['model', 'seed', 'snapshot', 'test', 'analysis', 'operation', 'sql_operation', 'function'];

const choiceOf = (kinds: readonly string[], more: Partial<Choice> = {}): Choice => ({
  kinds: new Set(kinds),
  testsFirst: false,
  ...more,
});

export const choices: Readonly<Record<string, Choice>> = {
  build: choiceOf(buildKinds, { testsFirst: true }),
  run: choiceOf(['model']),
  test: choiceOf(['test', 'unit_test']),
  seed: choiceOf(['seed']),
  snapshot: choiceOf(['snapshot']),
  clone: choiceOf(['model', 'seed', 'snapshot']),
  compile: choiceOf(compileKinds, { keepsEphemeral: true }),
};
