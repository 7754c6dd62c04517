/** The project as the page shows it: what manifest.json and catalog.json say of one thing, in one place. */

export type Dict = Readonly<Record<string, unknown>>;

/** A column that another one comes from, or goes into. */
export interface ColumnLink {
  readonly id: string;
  readonly column: string;
  /** The value as it is. */
  readonly isSame: boolean;
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly tests: readonly string[];
  readonly tags: readonly string[];
  readonly constraints: readonly string[];
  readonly from: readonly ColumnLink[];
  readonly into: readonly ColumnLink[];
}

export interface Item {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  readonly database: string;
  readonly schema: string;
  readonly relation: string;
  readonly description: string;
  readonly columns: readonly Column[];
  readonly tags: readonly string[];
  readonly meta: Dict;
  readonly owner: string;
  readonly raw: string;
  readonly compiled: string;
  readonly language: string;
  readonly parents: readonly string[];
  readonly children: readonly string[];
  /** What else is told about it, by the names dbt has for it. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly url: string;
}

export interface Project {
  readonly name: string;
  readonly generatedAt: string;
  readonly dbtVersion: string;
  readonly items: ReadonlyMap<string, Item>;
  /** Overview texts by package; the project's own under ''. */
  readonly overviews: ReadonlyMap<string, string>;
}

export const isDict = (value: unknown): value is Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const dictOf = (value: unknown): Dict => (isDict(value) ? value : {});
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textsOf = (value: unknown): string[] =>
  (typeof value === 'string' ? [value] : listOf(value)).map(textOf).filter((text) => text !== '');

/** Parts of the manifest that hold things with a page of their own. */
const parts = [
  'nodes',
  'sources',
  'exposures',
  'metrics',
  'semantic_models',
  'saved_queries',
  'unit_tests',
  'functions',
  'macros',
];
const builtIn = new Set(['dbt', 'dbt_duckdb']);

export interface Artifacts {
  readonly manifest: Dict;
  readonly catalog?: Dict;
  readonly columnLineage?: Dict;
}

export function readProject({ manifest, catalog = {}, columnLineage = {} }: Artifacts): Project {
  const metadata = dictOf(manifest.metadata);
  const name = textOf(metadata.project_name);
  const found = new Map<string, Dict>();
  for (const part of parts)
    for (const [id, node] of Object.entries(dictOf(manifest[part])))
      if (isDict(node) && !isHidden(part, node)) found.set(id, node);
  const tables = new Map(
    ['nodes', 'sources'].flatMap((part) => Object.entries(dictOf(catalog[part]))).map(([id, one]) => [id, dictOf(one)]),
  );
  const reading: Reading = {
    tables,
    parents: linkMap(manifest.parent_map, found),
    children: linkMap(manifest.child_map, found),
    tests: testsByNode(found),
    columns: readColumnLinks(columnLineage),
  };
  const items = new Map([...found].map(([id, node]) => [id, itemOf(id, node, reading)]));
  return {
    name,
    generatedAt: textOf(metadata.generated_at),
    dbtVersion: textOf(metadata.dbt_version),
    items,
    overviews: overviewsOf(dictOf(manifest.docs), name),
  };
}

const isHidden = (part: string, node: Dict): boolean =>
  (part === 'macros' && builtIn.has(textOf(node.package_name))) ||
  node.resource_type === 'operation' ||
  node.resource_type === 'sql_operation' ||
  dictOf(node.docs).show === false;

interface Reading {
  readonly tables: ReadonlyMap<string, Dict>;
  readonly parents: ReadonlyMap<string, readonly string[]>;
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly tests: ReadonlyMap<string, readonly Dict[]>;
  readonly columns: ColumnLinks;
}

/** By node and column. */
interface ColumnLinks {
  readonly from: ReadonlyMap<string, readonly ColumnLink[]>;
  readonly into: ReadonlyMap<string, readonly ColumnLink[]>;
}

const columnKey = (id: string, column: string): string => `${id}\n${column.toLowerCase()}`;

function readColumnLinks(lineage: Dict): ColumnLinks {
  const from = new Map<string, ColumnLink[]>();
  const into = new Map<string, ColumnLink[]>();
  const put = (map: Map<string, ColumnLink[]>, key: string, link: ColumnLink): void => {
    const known = map.get(key);
    if (known === undefined) map.set(key, [link]);
    else known.push(link);
  };
  for (const [id, node] of Object.entries(dictOf(lineage.nodes)))
    for (const [column, one] of Object.entries(dictOf(dictOf(node).columns)))
      for (const upstream of listOf(dictOf(one).upstream).map(dictOf)) {
        const isSame = upstream.kind === 'passthrough';
        const source = { id: textOf(upstream.node), column: textOf(upstream.column), isSame };
        if (source.id === '' || source.column === '') continue;
        put(from, columnKey(id, column), source);
        put(into, columnKey(source.id, source.column), { id, column, isSame });
      }
  return { from, into };
}

function linkMap(map: unknown, found: ReadonlyMap<string, unknown>): ReadonlyMap<string, readonly string[]> {
  const known = (ids: unknown): string[] => [...new Set(textsOf(ids).filter((id) => found.has(id)))];
  return new Map(Object.entries(dictOf(map)).map(([id, ids]) => [id, known(ids)]));
}

function testsByNode(found: ReadonlyMap<string, Dict>): Map<string, Dict[]> {
  const tests = new Map<string, Dict[]>();
  for (const node of found.values()) {
    if (node.resource_type !== 'test') continue;
    const id = textOf(node.attached_node);
    const known = tests.get(id);
    if (known === undefined) tests.set(id, [node]);
    else known.push(node);
  }
  return tests;
}

function itemOf(id: string, node: Dict, { tables, parents, children, tests, columns }: Reading): Item {
  const config = dictOf(node.config);
  const table = tables.get(id) ?? {};
  const kind = textOf(node.resource_type) || (id.split('.')[0] ?? '');
  const meta = { ...dictOf(node.meta), ...dictOf(config.meta) };
  return {
    id,
    kind,
    name: nameOf(node, kind),
    packageName: textOf(node.package_name),
    path: textOf(node.original_file_path),
    database: textOf(node.database),
    schema: textOf(node.schema),
    relation: textOf(node.relation_name),
    description: textOf(node.description),
    columns: columnsOf(node, table, tests.get(id) ?? []).map((column) => ({
      ...column,
      from: columns.from.get(columnKey(id, column.name)) ?? [],
      into: columns.into.get(columnKey(id, column.name)) ?? [],
    })),
    tags: textsOf(node.tags ?? config.tags),
    meta,
    owner: ownerOf(node, config, meta, table),
    raw: textOf(node.raw_code) || textOf(node.macro_sql),
    compiled: textOf(node.compiled_code),
    language: textOf(node.language) || 'sql',
    parents: parents.get(id) ?? [],
    children: children.get(id) ?? [],
    facts: factsOf(node, config, table),
    url: textOf(node.url),
  };
}

function nameOf(node: Dict, kind: string): string {
  const name = textOf(node.name);
  if (kind === 'source') return `${textOf(node.source_name)}.${name}`;
  const version = textOf(node.version);
  return version === '' ? name : `${name}.v${version}`;
}

function ownerOf(node: Dict, config: Dict, meta: Dict, table: Dict): string {
  const owner = dictOf(node.owner);
  const named = [textOf(owner.name), ...textsOf(owner.email)].filter((text) => text !== '');
  if (named.length > 0) return named.join(', ');
  const others = [meta.owner, node.group ?? config.group, dictOf(table.metadata).owner];
  return others.map((other) => textsOf(other).join(', ')).find((text) => text !== '') ?? '';
}

function columnsOf(node: Dict, table: Dict, tests: readonly Dict[]): Omit<Column, 'from' | 'into'>[] {
  const described = new Map(Object.entries(dictOf(node.columns)).map(([key, one]) => [key.toLowerCase(), dictOf(one)]));
  const real = Object.values(dictOf(table.columns))
    .map(dictOf)
    .sort((a, b) => Number(a.index ?? 0) - Number(b.index ?? 0));
  const names = new Map(real.map((one) => [textOf(one.name).toLowerCase(), textOf(one.name)]));
  for (const [key, one] of described) if (!names.has(key)) names.set(key, textOf(one.name));
  const types = new Map(real.map((one) => [textOf(one.name).toLowerCase(), textOf(one.type)]));
  const comments = new Map(real.map((one) => [textOf(one.name).toLowerCase(), textOf(one.comment)]));
  return [...names].map(([key, name]) => {
    const one = described.get(key) ?? {};
    return {
      name,
      type: types.get(key) || textOf(one.data_type),
      description: textOf(one.description) || comments.get(key) || '',
      tests: tests.filter((test) => textOf(test.column_name).toLowerCase() === key).map(testName),
      tags: textsOf(one.tags),
      constraints: listOf(one.constraints).map((each) => textOf(dictOf(each).type)),
    };
  });
}

function testName(test: Dict): string {
  const given = dictOf(test.test_metadata);
  const namespace = textOf(given.namespace);
  const name = textOf(given.name) || textOf(test.name);
  return namespace === '' ? name : `${namespace}.${name}`;
}

function factsOf(node: Dict, config: Dict, table: Dict): (readonly [string, string])[] {
  const metadata = dictOf(table.metadata);
  const params = dictOf(node.type_params);
  const facts: [string, string][] = [
    ['materialized', node.resource_type === 'test' ? '' : textOf(config.materialized)],
    ['type', textOf(metadata.type) || textOf(node.type)],
    ['label', textOf(node.label)],
    ['maturity', textOf(node.maturity)],
    ['access', textOf(node.access ?? config.access)],
    ['group', textOf(node.group ?? config.group)],
    ['contract', dictOf(config.contract).enforced === true ? 'enforced' : ''],
    ['latest_version', textOf(node.latest_version)],
    ['deprecation_date', textOf(node.deprecation_date)],
    ['incremental_strategy', textOf(config.incremental_strategy)],
    ['unique_key', textsOf(config.unique_key).join(', ')],
    ['severity', node.resource_type === 'test' ? textOf(config.severity) : ''],
    ['loader', textOf(node.loader)],
    ['loaded_at_field', textOf(node.loaded_at_field)],
    ['measure', textOf(dictOf(params.measure).name)],
    ['expr', textOf(params.expr)],
    ['arguments', listOf(node.arguments).map(argumentText).join(', ')],
    ['returns', textOf(dictOf(node.returns).data_type)],
  ];
  for (const [name, stat] of Object.entries(dictOf(table.stats)).map(([key, one]) => [key, dictOf(one)] as const))
    if (stat.include === true && name !== 'has_stats') facts.push([textOf(stat.label) || name, textOf(stat.value)]);
  return facts.filter(([, value]) => value !== '');
}

function argumentText(value: unknown): string {
  const given = dictOf(value);
  const type = textOf(given.data_type) || textOf(given.type);
  return type === '' ? textOf(given.name) : `${textOf(given.name)}: ${type}`;
}

/** `__overview__` blocks of the project and of packages, and `__<package>__` blocks. */
function overviewsOf(docs: Dict, project: string): Map<string, string> {
  const overviews = new Map<string, string>();
  for (const doc of Object.values(docs).map(dictOf)) {
    const [name, owner] = [textOf(doc.name), textOf(doc.package_name)];
    const text = textOf(doc.block_contents);
    if (name === '__overview__' && owner === project) overviews.set('', text);
    else if (name === '__overview__' && !overviews.has('') && !builtIn.has(owner)) overviews.set('', text);
    else if (name.startsWith('__') && name.endsWith('__') && name !== '__overview__')
      overviews.set(name.slice(2, -2), text);
  }
  return overviews;
}
