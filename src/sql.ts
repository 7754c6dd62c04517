/** `name` as a quoted SQL identifier. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `value` as a SQL string literal. */
export const quoteLiteral = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** `parts` as a dotted, quoted name: catalog, schema, table in that order, absent ones left out. */
export const quoteName = (...parts: readonly (string | undefined)[]): string =>
  parts
    .filter((part): part is string => part !== undefined)
    .map(quoteIdentifier)
    .join('.');

const quotedOrComment =
  /(?<!\w)e'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])\$((?:[a-z_]\w*)?)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//gi;
const nestedComment = /\/\*(?:(?!\*\/)[\s\S])*\/\*/;

/** Whether SQL may hold several statements; never false for one that does. */
export function mayBeScript(sql: string): boolean {
  const bare = nestedComment.test(sql) ? sql : sql.replace(quotedOrComment, ' ');
  return /;\s*[^\s;]/.test(bare);
}
