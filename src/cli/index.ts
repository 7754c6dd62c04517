/** The command line room: one file a command. It knows how to say things; the rooms below know how to do them. */
export { toCommandError } from './command-error.ts';
export { type CommandContext, type Effects, write } from './effects.ts';
export { printable } from './printable.ts';
export type { ProgramHost } from './program.ts';
export { runProgram } from './run-program.ts';
export { isTold } from './told.ts';
export { helpExitCode, usageError } from './usage.ts';
