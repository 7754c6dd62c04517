/** Endings that DuckDB, or an extension of it, takes for a file where a table is named. */
const endings: ReadonlySet<string> = new Set(
  'csv tsv psv txt json jsonl ndjson geojson parquet db duckdb ddb sqlite xlsx xls avro orc arrow arrows ipc feather vortex lance shp gpkg fgb kml gpx gml gz gzip zst zstd bz2 xz zip'.split(
    ' ',
  ),
);

/**
 * Whether a relation's name, in parts, would mean a file if the catalog had no such table. Never false for one that would;
 * that there is a table of that name now does not count, for somebody may drop it.
 */
export function fileLike(parts: readonly string[]): boolean {
  const name = parts.join('.');
  return /[/\\*?[]/.test(name) || (name.includes('.') && endings.has((name.split('.').at(-1) ?? '').toLowerCase()));
}

const functionWords =
  /\b(read_\w+|\w*_scan|sniff_csv|glob|parquet_\w+|query|query_table|json_\w*execute\w*|json_serialize_plan|which_secret|duckdb_\w+|sql_auto_complete)\b/i;
const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"/g;
const escaped = /\\|\$\w*\$/;
const dotted = /\.(?:\s|\/\*[\s\S]*?\*\/|--[^\n]*\n)*"?(\w+)/g;

/** Whether the error of a statement that cannot be bound could tell of a file: then it is not shown. */
export function maySayFile(sql: string): boolean {
  if (functionWords.test(sql) || escaped.test(sql)) return true;
  if ([...sql.matchAll(dotted)].some(([, ending]) => endings.has(String(ending).toLowerCase()))) return true;
  return [...sql.matchAll(quoted)].some(([text]) => {
    const inner = text.slice(1, -1).toLowerCase();
    return /[/\\*]/.test(inner) || endings.has(inner.split('.').slice(1).at(-1) ?? '');
  });
}
