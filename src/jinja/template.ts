import type { TemplateAst } from './ast.ts';
import { addFrame, syntaxError } from './errors.ts';
import { generate } from './generator.ts';
import { normaliseSource } from './lexer.ts';
import { parseTemplate } from './parser.ts';
import { asPythonError, type Runtime, type SourcePlace } from './runtime.ts';
import type { PyObject, Value } from './values/object.ts';

export type Resolve = (name: string) => Value;
export type Exports = Record<string, PyObject>;
type Run<Result> = (resolve: Resolve, place: SourcePlace, exports: Exports) => Result;

export type SyncRun = Run<string | Value[]>;
export type AsyncRun = Run<Promise<string | Value[]>>;

/** A parsed source, compiled to each of its two forms when that form is first wanted. */
export interface Program {
  readonly source: string;
  readonly ast: TemplateAst;
  sync: SyncRun | undefined;
  async: AsyncRun | undefined;
}

/** Programs by source: the ones used lately stay, so that many sources that are rendered once take no memory. */
export class ProgramCache {
  readonly #most: number;
  #young = new Map<string, Program>();
  #old = new Map<string, Program>();

  constructor(most = 2000) {
    this.#most = most;
  }
  get(source: string): Program | undefined {
    const young = this.#young.get(source);
    if (young) return young;
    const old = this.#old.get(source);
    if (old) this.set(source, old);
    return old;
  }
  set(source: string, program: Program): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(source, program);
  }
  delete(source: string): void {
    this.#young.delete(source);
    this.#old.delete(source);
  }
}

interface ProgramHost {
  readonly runtime: Runtime;
  readonly native: boolean;
  readonly macroPrefix: string;
  readonly programs: ProgramCache;
}

/** The program of a source, parsed unless it is still known. */
export function programOf(
  host: ProgramHost,
  source: string,
  place: { readonly path: string; readonly name: string; readonly line?: number | undefined },
): Program {
  const known = host.programs.get(source);
  if (known) return known;
  const ast = placed({ ...place, source }, () => parseTemplate(source, { ...place, macroPrefix: host.macroPrefix }));
  const program: Program = { source: normaliseSource(source), ast, sync: undefined, async: undefined };
  host.programs.set(source, program);
  return program;
}

export const syncRun = (host: ProgramHost, program: Program, place: SourcePlace): SyncRun => {
  program.sync ??= build(host, program, { place, async: false }) as SyncRun;
  return program.sync;
};

export const asyncRun = (host: ProgramHost, program: Program, place: SourcePlace): AsyncRun => {
  program.async ??= build(host, program, { place, async: true }) as AsyncRun;
  return program.async;
};

function build(
  { runtime, native, macroPrefix }: ProgramHost,
  { ast, source }: Program,
  { place, async }: { readonly place: SourcePlace; readonly async: boolean },
): unknown {
  return placed(place, () => {
    const code = generate(ast, {
      async,
      native,
      macroPrefix,
      hasFilter: (name) => runtime.filters.has(name),
      hasTest: (name) => runtime.tests.has(name),
      fail: (message, offset) => {
        throw syntaxError(message, { ...place, source, offset }, 'TemplateAssertionError');
      },
    });
    return new Function('R', code)(runtime);
  });
}

/** What is nested too deeply is told as an error of the template. */
function placed<T>(place: SourcePlace, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    const error = asPythonError(thrown);
    addFrame(error, { path: place.path, name: place.name, line: place.line ?? 1, column: 1 });
    throw error;
  }
}
