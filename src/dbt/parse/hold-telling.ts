import { isDeprecation } from '../events/deprecations.ts';
import type { ParseSink, ParseWarning } from '../project-types.ts';

/** Holds what is told back until it is known that it counts; else only what is not told again. */
export function holdTelling(sink: ParseSink): { readonly sink: ParseSink; readonly release: (all: boolean) => void } {
  let held: ParseWarning[] | undefined = [];
  return {
    sink: {
      warn: (warning) => void (held === undefined ? sink.warn?.(warning) : held.push(warning)),
      log: (level, message) => void (held === undefined && sink.log?.(level, message)),
      print: (message) => void (held === undefined && sink.print?.(message)),
    },
    release(all) {
      const told = held ?? [];
      held = undefined;
      for (const warning of told) if (all || isDeprecation(warning.name)) sink.warn?.(warning);
    },
  };
}
