const quotedOrComment = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

/** Whether SQL may hold several statements; never false for one that does. */
export const mayBeScript = (sql: string): boolean =>
  /;\s*\S/.test(sql.replace(quotedOrComment, ' ').replace(/[;\s]+$/, ''));
