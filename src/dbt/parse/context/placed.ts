/** Puts a name and a place on what goes wrong in templates. */
import { DuckhouseError } from '../../../errors.ts';
import { framesOf } from '../../../jinja/index.ts';
import { shortened } from '../../context/template-errors.ts';

/** Errors of templates name the resource, the line, and the macros that were being run. */
export function placed<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DuckhouseError)) throw error;
    const frames = framesOf(error);
    if (frames.length === 0 || error.context.placed === true) throw error;
    const [inner] = frames;
    const stack = shortened(frames.map(({ name, path, line, column }) => `> in ${name} (${path}:${line}:${column})`))
      .map((line) => `\n  ${line}`)
      .join('');
    throw new DuckhouseError(
      error.kind === 'Internal' ? 'DataInvalid' : error.kind,
      `cannot compile ${what}: ${error.message}${stack}`,
      {
        context: { ...error.context, path: inner?.path, line: inner?.line, column: inner?.column, placed: true },
        hint: error.hint,
        cause: error,
      },
    );
  }
}
