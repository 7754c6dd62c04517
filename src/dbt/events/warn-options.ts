import type { Dict } from '../manifest-types.ts';
import { isDict, listOf } from '../plain.ts';

/** Whether `--warn-error` or its options make an error of the warning. */
export function isErrorWarning({ warn_error: all, warn_error_options: given }: Readonly<Dict>, name: string): boolean {
  const options: Dict = isDict(given) ? given : {};
  const has = (keys: readonly string[], ...names: string[]): boolean =>
    keys.flatMap((key) => listOf(options[key] ?? [])).some((one) => names.includes(String(one)));
  if (all === true) return true;
  return has(['error', 'include'], name, 'all', '*') && !has(['warn', 'exclude'], name);
}
