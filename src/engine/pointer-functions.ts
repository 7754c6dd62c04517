import { DuckhouseError } from '../errors.ts';

/** Between the name of a function and its bracket: space and comments, which nest. */
const call = /\b(arrow_scan(?:_dumb)?|scan_arrow_ipc|pandas_scan)"?(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*\*\/)*\(/i;

/**
 * Refuses functions that read memory at addresses given as numbers: a wrong one ends the process. Nobody may use them, for
 * what the server loads itself goes another way.
 */
export function checkPointers(sql: string): void {
  const name = call.exec(sql)?.[1]?.toLowerCase();
  if (name === undefined) return;
  throw new DuckhouseError('PermissionDenied', `function ${name} reads memory by its address: nobody may use it`, {
    id: 'pointer-function',
    context: { name },
    hint: 'load Arrow data with DoPut or CommandStatementIngest',
  });
}
