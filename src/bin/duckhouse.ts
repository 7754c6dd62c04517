#!/usr/bin/env node
import {
  type CommandContext,
  type Effects,
  helpExitCode,
  isTold,
  printable,
  runProgram,
  toCommandError,
  usageError,
} from '../cli/index.ts';
import { type DuckhouseError, type ErrorKind, toDuckhouseError } from '../errors.ts';
import { createTranslator, languageOf } from '../messages/index.ts';

const exitCodes: Readonly<Record<ErrorKind, number>> = {
  InvalidArgument: 2,
  NotFound: 3,
  AlreadyExists: 1,
  PermissionDenied: 4,
  Unauthenticated: 4,
  CommitConflict: 1,
  DataInvalid: 1,
  Unsupported: 1,
  Unavailable: 5,
  ResourceExhausted: 1,
  Cancelled: 130,
  DeadlineExceeded: 1,
  Internal: 1,
};
/** A statement that is wrong is a failure, not a wrong use of the command. */
const exitCodeOf = (error: DuckhouseError): number =>
  error.context.errorType === undefined || error.kind === 'NotFound' || error.kind === 'PermissionDenied'
    ? exitCodes[error.kind]
    : 1;

const interrupt = new AbortController();
let interrupts = 0;
let context: CommandContext | undefined;
let json = false;
let exitCode = 0;

/** Node makes a stream when it is asked for it. */
const effects: Effects = {
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  get stderr() {
    return process.stderr;
  },
  signal: interrupt.signal,
};

async function main(argv: readonly string[]): Promise<void> {
  process.on('SIGINT', () => {
    interrupts++;
    if (interrupts > 1 && !isServing(argv)) process.exit(130);
    interrupt.abort();
  });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0); // the reader, e.g. head, has seen enough
  });
  await runProgram(await impliedCommand(argv), {
    effects,
    env: process.env,
    onContext(opened, asJson) {
      context = opened;
      json = asJson;
    },
    onExit(code) {
      exitCode = code;
    },
  });
}

const isServing = (argv: readonly string[]): boolean => argv[0] === 'serve' || argv[0] === 'up';

/** `duckhouse data.csv` ingests; a bare `duckhouse` in a workspace is `up`, elsewhere it is `--help`. */
async function impliedCommand(argv: readonly string[]): Promise<string[]> {
  const [first] = argv;
  if (first === undefined) {
    const { existsSync } = await import('node:fs');
    return existsSync('duckhouse.yaml') ? ['up'] : ['--help'];
  }
  if (!/\.\w+$/.test(first) || first.startsWith('-')) return [...argv];
  const { maybeFormat } = await import('../ingest/index.ts');
  return maybeFormat(first) === undefined ? [...argv] : ['ingest', ...argv];
}

function report(failure: unknown): number {
  const told = helpExitCode(failure);
  if (told !== undefined) return told;
  const translator =
    context?.translator ??
    createTranslator(languageOf(process.env.DUCKHOUSE_LANG, process.env.LC_ALL, process.env.LANG));
  const error = interrupt.signal.aborted
    ? toDuckhouseError(interrupt.signal.reason)
    : (usageError(failure, translator) ?? toCommandError(failure));
  const { message, hint } = translator.error(error);
  const { line, column } = error.context;
  if (json && !isTold(error))
    process.stdout.write(`${JSON.stringify({ error: { kind: error.kind, message, hint, line, column } })}\n`);
  const place =
    typeof line === 'number' && error.context.file === undefined
      ? ` ${translator.t('error.place', { line, column: String(column) })}`
      : '';
  process.stderr.write(`${printable(translator.t('error', { message: message + place }))}\n`);
  if (hint !== undefined) process.stderr.write(`${printable(translator.t('hint', { hint }))}\n`);
  if (process.env.DUCKHOUSE_DEBUG !== undefined)
    process.stderr.write(`${failure instanceof Error ? failure.stack : String(failure)}\n`);
  return exitCodeOf(error);
}

/** A pipe takes what is written when its reader does: the process ends once all of it has gone. */
function exit(code: number): void {
  const waiting = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0);
  let open = waiting.length;
  if (open === 0) process.exit(code);
  for (const stream of waiting) stream.write('', () => --open === 0 && process.exit(code));
}

// What waits for something that never comes ends without an error: it has not done its work either.
process.exitCode = 1;

main(process.argv.slice(2)).then(
  () => exit(exitCode),
  (failure: unknown) => exit(report(failure)),
);
