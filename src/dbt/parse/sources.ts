/** `sources:` of YAML files, patched by `overrides`, made into source nodes with their tests. */
import { DuckhouseError } from '../../errors.ts';
import type { Dict, FreshnessThreshold, FreshnessTime, SourceNode } from '../manifest-types.ts';
import { addTo, isDict, isText, pathParts, withoutExtension } from '../plain.ts';
import { columnsOf, textsOf } from './columns.ts';
import { addTestsOf, type TestTarget, testsOf } from './generic-tests.ts';
import { entriesOf, type SchemaFile } from './schema-file.ts';
import { sourceRelationName } from './source-relation.ts';
import type { ParseState } from './state.ts';

interface FoundSource {
  readonly schema: SchemaFile;
  readonly source: Dict;
  readonly raw: Dict;
}

/** All entries of all packages first: an override may come from any of them. */
export class SourceReader {
  readonly #found: FoundSource[] = [];
  readonly #overrides = new Map<string, FoundSource>();

  collect(state: ParseState, schema: SchemaFile): void {
    for (const { raw, entry } of entriesOf(state, schema, 'sources')) {
      const found = { schema, source: entry, raw };
      if (!isText(entry.overrides)) this.#found.push(found);
      else {
        const key = `${entry.overrides}.${entry.name}`;
        const earlier = this.#overrides.get(key);
        if (earlier !== undefined)
          throw new DuckhouseError(
            'AlreadyExists',
            `source '${key}' is overridden twice: in ${earlier.schema.file.original} and in ${schema.file.original}`,
          );
        this.#overrides.set(key, found);
      }
    }
  }

  build(state: ParseState): void {
    const used = new Set<string>();
    for (const { schema, source, raw } of this.#found) {
      const key = `${schema.file.packageName}.${String(source.name)}`;
      const override = this.#overrides.get(key);
      if (override !== undefined) used.add(key);
      const patched = override === undefined ? source : laidOver(source, override.source);
      const tables = (Array.isArray(source.tables) ? source.tables : []) as Dict[];
      for (const table of tables) {
        const change = ((override?.source.tables ?? []) as Dict[]).find(({ name }) => name === table.name);
        addSource(
          state,
          schema,
          patched,
          raw,
          change === undefined ? table : laidOver(table, change),
          override?.schema,
        );
      }
    }
    for (const [key, { schema }] of this.#overrides)
      if (!used.has(key))
        state.warn({
          name: 'UnusedTables',
          message: `${schema.file.original} overrides source '${key}', which does not exist`,
        });
  }
}

function laidOver(base: Dict, change: Dict): Dict {
  const { name: _name, overrides: _overrides, tables: _tables, ...rest } = change;
  return { ...base, ...rest };
}

function addSource(
  state: ParseState,
  schema: SchemaFile,
  source: Dict,
  raw: Dict,
  table: Dict,
  override: SchemaFile | undefined,
): void {
  const { file } = schema;
  const [sourceName, tableName] = [String(source.name), String(table.name)];
  const target: TestTarget = {
    schema,
    key: 'sources',
    name: `${sourceName}_${tableName}`,
    source: { name: sourceName, table: tableName },
    quoteColumns: isDict(table.quoting)
      ? table.quoting.column === true
      : isDict(source.quoting) && source.quoting.column === true,
    tags: [...textsOf(source.tags), ...textsOf(table.tags)],
  };
  const columns = (Array.isArray(table.columns) ? table.columns : []) as Dict[];
  addTestsOf(state, target, columns, testsOf(target, table));
  const node = sourceNode(state, schema, source, raw, table, override);
  const { manifest } = state;
  if ((node.config.enabled as boolean) === false) {
    addTo(manifest.disabled, node.unique_id, node);
    return;
  }
  const earlier = manifest.sources[node.unique_id];
  if (earlier !== undefined)
    throw new DuckhouseError(
      'AlreadyExists',
      `source '${sourceName}.${tableName}' is described twice: in ${earlier.original_file_path} and in ${file.original}`,
      {
        context: { node: node.unique_id, path: file.original },
      },
    );
  manifest.sources[node.unique_id] = node;
  state.sources.set(`${sourceName}.${tableName}`, node);
}

const dictOf = (value: unknown): Dict => (isDict(value) ? value : {});
const textOr = (value: unknown, otherwise: string): string => (isText(value) && value !== '' ? value : otherwise);

function sourceNode(
  state: ParseState,
  schema: SchemaFile,
  source: Dict,
  raw: Dict,
  table: Dict,
  override: SchemaFile | undefined,
): SourceNode {
  const { file } = schema;
  const [sourceName, tableName] = [String(source.name), String(table.name)];
  const uniqueId = `source.${file.packageName}.${sourceName}.${tableName}`;
  const fqn = [file.packageName, ...pathParts(withoutExtension(file.relative)).slice(0, -1), sourceName, tableName];
  const patch = sourcePatch(source, table, file.original);
  const request = { type: 'source', packageName: file.packageName, fqn, patch } as const;
  const config = state.configs.build(request, { unique_id: uniqueId, original_file_path: file.original });
  const quoting = {
    database: null,
    schema: null,
    identifier: null,
    column: null,
    ...dictOf(source.quoting),
    ...dictOf(table.quoting),
  };
  const node: SourceNode = {
    database: textOr(source.database, state.profile.database),
    schema: textOr(source.schema, sourceName),
    name: tableName,
    resource_type: 'source',
    package_name: file.packageName,
    path: file.original,
    original_file_path: file.original,
    unique_id: uniqueId,
    fqn,
    source_name: sourceName,
    source_description: isText(source.description) ? source.description : '',
    loader: isText(source.loader) ? source.loader : '',
    identifier: textOr(table.identifier, tableName),
    quoting,
    loaded_at_field: (config.loaded_at_field as string | null) ?? null,
    loaded_at_query: (config.loaded_at_query as string | null) ?? null,
    freshness: (config.freshness as FreshnessThreshold | null) ?? null,
    external: isDict(table.external) ? externalTable(table.external) : null,
    description: isText(table.description) ? table.description : '',
    columns: columnsOf(table.columns, uniqueId),
    meta: dictOf(config.meta),
    source_meta: { ...dictOf(source.meta), ...dictOf(dictOf(source.config).meta) },
    tags: textsOf(config.tags),
    config,
    patch_path: override === undefined ? null : `${override.file.packageName}://${override.file.original}`,
    unrendered_config: state.configs.unrendered(request),
    relation_name: null,
    created_at: state.now,
    unrendered_database: isText(raw.database) ? raw.database : null,
    unrendered_schema: isText(raw.schema) ? raw.schema : null,
    doc_blocks: [],
  };
  node.relation_name = sourceRelationName(state.root, node);
  const { freshness } = node;
  const isAsked = isTime(freshness?.warn_after ?? null) || isTime(freshness?.error_after ?? null);
  if (isAsked && !node.loaded_at_field && !node.loaded_at_query)
    state.warn({
      name: 'FreshnessConfigProblem',
      message: `${file.original}: freshness of source '${sourceName}.${tableName}' needs a loaded_at_field: DuckDB does not know when a table was changed`,
    });
  return node;
}

const noExternal = { location: null, file_format: null, row_format: null, tbl_properties: null, partitions: null };

/** What says where a table's files are; a partition is a name alone or a column. */
function externalTable(given: Dict): Dict {
  const partitions = Array.isArray(given.partitions)
    ? given.partitions.map((one) =>
        isDict(one) ? { name: '', description: '', data_type: '', meta: {}, ...one } : one,
      )
    : null;
  return { ...noExternal, ...given, partitions };
}

/** Properties of source and table that are configs, the table's over the source's. */
function sourcePatch(source: Dict, table: Dict, original: string): Dict {
  const [ofSource, ofTable] = [dictOf(source.config), dictOf(table.config)];
  const patch: Dict = { ...ofSource, ...ofTable };
  const freshness = mergeFreshness(
    'freshness' in source ? asThreshold(source.freshness) : emptyThreshold,
    'freshness' in ofSource ? asThreshold(ofSource.freshness) : emptyThreshold,
    'freshness' in table ? asThreshold(table.freshness) : emptyThreshold,
    'freshness' in ofTable ? asThreshold(ofTable.freshness) : emptyThreshold,
  );
  if (freshness === null) patch.freshness = null;
  else if (isTime(freshness.warn_after) || isTime(freshness.error_after)) patch.freshness = freshness;
  else delete patch.freshness;
  const loaded = loadedAt(source, ofSource, table, ofTable, original);
  patch.loaded_at_field = loaded.field;
  patch.loaded_at_query = loaded.query;
  patch.meta = { ...dictOf(source.meta), ...dictOf(ofSource.meta), ...dictOf(table.meta), ...dictOf(ofTable.meta) };
  patch.tags = [...new Set([source.tags, ofSource.tags, table.tags, ofTable.tags].flatMap(textsOf))].sort();
  return patch;
}

const noTime: FreshnessTime = { count: null, period: null };
const emptyThreshold: FreshnessThreshold = { warn_after: noTime, error_after: noTime, filter: null };
const isTime = (time: FreshnessTime | null): boolean => time !== null && (time.count !== null || time.period !== null);

/** null = freshness, or one of its times, is switched off at this level. */
function asThreshold(value: unknown): FreshnessThreshold | null {
  if (!isDict(value)) return null;
  const time = (part: unknown): FreshnessTime | null => {
    if (part === null) return null;
    if (!isDict(part)) return noTime;
    return {
      count: (part.count as number | undefined) ?? null,
      period: (part.period as FreshnessTime['period'] | undefined) ?? null,
    };
  };
  return {
    warn_after: time(value.warn_after),
    error_after: time(value.error_after),
    filter: isText(value.filter) ? value.filter : null,
  };
}

function mergeFreshness(...levels: readonly (FreshnessThreshold | null)[]): FreshnessThreshold | null {
  return levels.reduce((base, over) => {
    if (over === null) return null;
    if (base === null) return isTime(over.warn_after) || isTime(over.error_after) ? over : null;
    return {
      warn_after: mergeTime(base.warn_after, over.warn_after),
      error_after: mergeTime(base.error_after, over.error_after),
      filter: over.filter ?? base.filter,
    };
  });
}

function mergeTime(base: FreshnessTime | null, over: FreshnessTime | null): FreshnessTime | null {
  if (over === null) return null;
  if (!isTime(over)) return base;
  if (base === null || !isTime(base)) return over;
  return { count: over.count ?? base.count, period: over.period ?? base.period };
}

interface LoadedAt {
  readonly field: string | null;
  readonly query: string | null;
}

function loadedAt(source: Dict, ofSource: Dict, table: Dict, ofTable: Dict, original: string): LoadedAt {
  const text = (...values: readonly unknown[]): string | null =>
    (values.find((value) => isText(value) && value !== '') as string | undefined) ?? null;
  const atTable = {
    field: text(table.loaded_at_field, ofTable.loaded_at_field),
    query: text(table.loaded_at_query, ofTable.loaded_at_query),
  };
  const atSource = {
    field: text(source.loaded_at_field, ofSource.loaded_at_field),
    query: text(source.loaded_at_query, ofSource.loaded_at_query),
  };
  for (const [level, name] of [
    [atTable, `${String(source.name)}.${String(table.name)}`],
    [atSource, String(source.name)],
  ] as const)
    if (level.field !== null && level.query !== null)
      throw new DuckhouseError(
        'DataInvalid',
        `${original}: source '${name}' has both loaded_at_field and loaded_at_query`,
        {
          context: { path: original },
          hint: 'keep one of them',
        },
      );
  const fieldGiven = 'loaded_at_field' in table || isText(ofTable.loaded_at_field);
  return {
    field: fieldGiven ? atTable.field : atSource.field,
    query: atTable.query ?? (fieldGiven ? null : atSource.query),
  };
}
