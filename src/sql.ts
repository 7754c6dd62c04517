/** `name` as a quoted SQL identifier. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `value` as a SQL string literal. */
export const quoteLiteral = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** `parts` as a dotted, quoted name: catalog, schema, table in that order, absent ones left out. */
export const quoteName = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part): part is string => part !== undefined).map(quoteIdentifier).join('.');
