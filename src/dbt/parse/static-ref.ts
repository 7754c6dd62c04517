/** `ref(...)` and `source(...)` written as literal text in YAML. */
import type { RefArgs } from '../manifest-types.ts';
import { readStatic } from './static-calls.ts';

export interface StaticReference {
  readonly ref?: RefArgs;
  readonly source?: string[];
}

/** The reference that `text` is, or undefined when it is none. */
export function staticReference(text: string): StaticReference | undefined {
  const found = readStatic(`{{ ${text} }}`, 'reference');
  if (found === undefined) return undefined;
  const [ref] = found.refs;
  if (ref !== undefined) return { ref };
  const [source] = found.sources;
  return source === undefined ? undefined : { source };
}
