import { DuckhouseError, type ErrorKind, type ErrorOptions } from '../errors.ts';

/** One place an error passed on its way out: innermost first in `framesOf`. Lines and columns count from 1. */
export interface Frame {
  readonly path: string;
  /** What the template is called by its host, for example `macro not_null`. */
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

const KINDS: Readonly<Record<string, ErrorKind>> = {
  SecurityError: 'PermissionDenied',
  MemoryError: 'ResourceExhausted',
  RecursionError: 'ResourceExhausted',
};

/** An error as Python or Jinja would raise it; `pyClass` is the name of the exception class. */
export class PyError extends DuckhouseError {
  readonly pyClass: string;
  /** The error left a macro that a host bound (dbt wraps type and runtime errors there). */
  crossedMacro = false;

  constructor(pyClass: string, message: string, options: ErrorOptions & { readonly kind?: ErrorKind } = {}) {
    super(options.kind ?? KINDS[pyClass] ?? 'InvalidArgument', message, options);
    this.pyClass = pyClass;
  }
}

export const typeError = (message: string): PyError => new PyError('TypeError', message);
export const valueError = (message: string): PyError => new PyError('ValueError', message);

const frames = new WeakMap<object, Frame[]>();

/** Where the error passed, innermost first; empty for an error no template has seen. */
export function framesOf(error: unknown): readonly Frame[] {
  return typeof error === 'object' && error !== null ? (frames.get(error) ?? []) : [];
}

export function addFrame(error: object, frame: Frame): void {
  const known = frames.get(error);
  if (known) known.push(frame);
  else frames.set(error, [frame]);
}

/** Line and column, both from 1, of an offset; columns count code units. */
export function positionAt(source: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', start)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

/** A source, and the line of its file that it begins in, the first if not told. */
interface PlacedSource {
  readonly source: string;
  readonly line?: number | undefined;
}

/** Line in the file, and column. */
export function positionIn({ source, line: first = 1 }: PlacedSource, offset: number): ReturnType<typeof positionAt> {
  const { line, column } = positionAt(source, offset);
  return { line: line + first - 1, column };
}

/** The error of a template that cannot be parsed; its frame is already there. */
export function syntaxError(
  message: string,
  place: PlacedSource & { readonly offset: number; readonly path: string; readonly name: string },
  pyClass = 'TemplateSyntaxError',
): PyError {
  const { line, column } = positionIn(place, place.offset);
  const error = new PyError(pyClass, message, {
    context: { path: place.path, line, column },
  });
  addFrame(error, { path: place.path, name: place.name, line, column });
  return error;
}
