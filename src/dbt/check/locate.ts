/** Where in a source file a place of the SQL made from it comes from. */

export interface SourcePlace {
  /** From 1. */
  readonly line: number;
  /** From 1; undefined where templates stand before it on the line. */
  readonly column: number | undefined;
}

/** Line, from 0, and text before the place on it; `position` counts bytes. */
export function lineAt(sql: string, position: number): { readonly line: number; readonly before: string } {
  const lines = Buffer.from(sql).subarray(0, position).toString('utf8').split('\n');
  return { line: lines.length - 1, before: lines.at(-1) ?? '' };
}

/**
 * The place of a source that a place of its compiled text comes from: the same line when it stands there as it is,
 * else the one line whose literal parts it has. Undefined when that is not certain.
 */
export function locate(source: string, compiled: string, position: number): SourcePlace | undefined {
  const { line, before } = lineAt(compiled, position);
  const made = compiled.split('\n');
  const written = source.split('\n');
  const text = made[line] ?? '';
  if (text.trim() === '') return undefined;
  const same = linesLike(written, text);
  const nth = linesLike(made, text).indexOf(line);
  // A line that comes as often in the source is the same one, counted from the top.
  if (same.length > 0 && same.length === linesLike(made, text).length)
    return { line: (same[nth] as number) + 1, column: before.length + 1 };
  const templated = written.flatMap((one, i) => (/\{[{%#]/.test(one) && templatePattern(one).test(text) ? [i] : []));
  const alike = made.filter(
    (one) => templated.length === 1 && templatePattern(written[templated[0] as number] as string).test(one),
  );
  if (templated.length !== 1 || alike.length !== 1) return undefined;
  const [only] = templated as [number];
  const literal = (written[only] as string).split(/\{[{%#]/)[0] as string;
  return { line: only + 1, column: before.length <= literal.length ? before.length + 1 : undefined };
}

const linesLike = (lines: readonly string[], text: string): number[] =>
  lines.flatMap((one, i) => (one.trimEnd() === text.trimEnd() ? [i] : []));

/** Fits what a line with templates may become; a line of templates alone fits nothing. */
function templatePattern(line: string): RegExp {
  const parts = line.split(/\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}/);
  if (parts.join('').replace(/\W/g, '').length < 3) return /(?!)/;
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}\\s*$`);
}
