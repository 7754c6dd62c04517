interface HivePlace {
  /** The folder above the `key=value` folders: all its files are one table. */
  readonly table: string;
  /** Those folders, `year=2024/month=01`: values that are in the table and not in the file. */
  readonly keys: string;
}

/** Where a file of a partitioned folder lies; undefined for others. */
export function hivePlace(file: string): HivePlace | undefined {
  const [, table, keys] = /^(.*?)((?:[/\\][^/\\=]+=[^/\\]*)+)[/\\][^/\\]+$/.exec(file) ?? [];
  return table === undefined || keys === undefined ? undefined : { table, keys };
}
