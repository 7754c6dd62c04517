/** Column lineage from the bound plan that DuckDB's json_serialize_plan gives, before optimisation. */
import type { LineageKind } from '../run/lineage.ts';

export interface BaseColumn {
  readonly database: string;
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

export interface ColumnSource extends BaseColumn {
  readonly kind: LineageKind;
}

export interface QueryLineage {
  /** Of each column of the query, in order. */
  readonly columns: readonly (readonly ColumnSource[])[];
  /** What decides which rows there are: filters, join conditions, limits in an order. */
  readonly filters: readonly BaseColumn[];
}

type Json = Readonly<Record<string, unknown>>;
/** What a value is made of, by key. */
type Sources = ReadonlyMap<string, ColumnSource>;

const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const objects = (value: unknown): readonly Json[] => listOf(value).filter(isObject);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const none: Sources = new Map();

/** Reads the answer of json_serialize_plan, made with `skip_default`. Undefined when it is an error or holds what is not known here. */
export function readLineage(json: string): QueryLineage | undefined {
  const parsed = JSON.parse(json) as Json;
  const [root] = objects(parsed.plans);
  if (parsed.error === true || root === undefined) return undefined;
  const reader = new PlanReader();
  try {
    const columns = reader.read(root);
    return {
      columns: columns.map((sources) => [...sources.values()]),
      filters: [...reader.filters.values()].map(({ kind: _kind, ...column }) => column),
    };
  } catch (error) {
    if (error instanceof UnknownPlan) return undefined;
    throw error;
  }
}

class UnknownPlan extends Error {}

class PlanReader {
  readonly filters = new Map<string, ColumnSource>();
  /** Columns of operators, by the index that unresolved references name. */
  readonly #tables = new Map<number, readonly Sources[]>();
  readonly #ctes = new Map<number, readonly Sources[]>();
  /** What correlated subqueries see of the query around them, innermost last. */
  readonly #outer: (readonly Sources[])[] = [];

  read(node: Json): readonly Sources[] {
    const columns = this.#output(node);
    if (text(node.type) !== 'LOGICAL_AGGREGATE_AND_GROUP_BY') this.#tables.set(number(node.table_index), columns);
    return columns;
  }

  #output(node: Json): readonly Sources[] {
    const children = objects(node.children);
    switch (text(node.type)) {
      case 'LOGICAL_GET':
        return this.#get(node, children);
      case 'LOGICAL_PROJECTION':
        return this.#projection(node, this.#first(children));
      case 'LOGICAL_FILTER':
        return this.#filter(node, this.#first(children));
      case 'LOGICAL_AGGREGATE_AND_GROUP_BY':
        return this.#aggregate(node, this.#first(children));
      case 'LOGICAL_WINDOW':
      case 'LOGICAL_UNNEST': {
        const input = this.#first(children);
        const added = objects(node.expressions).map((one) => changed(this.#sources(one, input)));
        this.#tables.set(number(node.window_index ?? node.unnest_index), added);
        return [...input, ...added];
      }
      case 'LOGICAL_ORDER_BY':
      case 'LOGICAL_SAMPLE':
        return this.#first(children);
      case 'LOGICAL_LIMIT':
        return this.#limit(children);
      case 'LOGICAL_TOP_N':
        return this.#ordered(node, this.#first(children));
      case 'LOGICAL_DISTINCT':
        return this.#distinct(node, this.#first(children));
      case 'LOGICAL_UNION':
        return this.#setOperation(children.map((child) => this.read(child)));
      case 'LOGICAL_INTERSECT':
      case 'LOGICAL_EXCEPT': {
        const [left = [], ...right] = children.map((child) => this.read(child));
        for (const column of right.flat()) this.#addFilter(column);
        return left;
      }
      case 'LOGICAL_COMPARISON_JOIN':
      case 'LOGICAL_ANY_JOIN':
      case 'LOGICAL_ASOF_JOIN':
      case 'LOGICAL_DELIM_JOIN':
      case 'LOGICAL_CROSS_PRODUCT':
      case 'LOGICAL_POSITIONAL_JOIN':
        return this.#join(node, children);
      case 'LOGICAL_DELIM_GET':
        return listOf(node.chunk_types).map((_, i) => this.#outer.at(-1)?.[i] ?? none);
      case 'LOGICAL_MATERIALIZED_CTE': {
        const [definition, query] = children;
        this.#ctes.set(number(node.table_index), definition === undefined ? [] : this.read(definition));
        return query === undefined ? [] : this.read(query);
      }
      case 'LOGICAL_RECURSIVE_CTE':
        return this.#recursive(node, children);
      case 'LOGICAL_CTE_REF':
        return this.#ctes.get(number(node.cte_index)) ?? listOf(node.chunk_types).map(() => none);
      case 'LOGICAL_PIVOT':
        return this.#pivot(node, this.#first(children));
      case 'LOGICAL_EXPRESSION_GET': {
        const input = this.#first(children);
        const rows = listOf(node.expressions).map((row) => objects(row).map((one) => this.#sources(one, input)));
        return this.#setOperation(rows);
      }
      case 'LOGICAL_DUMMY_SCAN':
        return [none];
      case 'LOGICAL_CHUNK_GET':
      case 'LOGICAL_EMPTY_RESULT':
        return listOf(node.chunk_types ?? node.return_types).map(() => none);
      default:
        throw new UnknownPlan(text(node.type));
    }
  }

  #first([child]: readonly Json[]): readonly Sources[] {
    return child === undefined ? [] : this.read(child);
  }

  #get(node: Json, children: readonly Json[]): readonly Sources[] {
    const names = listOf(node.names).map(text);
    const indexes = objects(node.column_indexes).map(({ index }) => number(index));
    if (children.length > 0) {
      const input = this.#first(children);
      const given = merged(input.slice(0, Math.max(1, listOf(node.input_table_types).length)));
      const passed = listOf(node.projected_input).map((index) => input[number(index)] ?? none);
      return [...indexes.map(() => changed(given)), ...passed];
    }
    const { catalog, schema, table } = isObject(node.function_data) ? node.function_data : ({} as Json);
    if (text(table) === '') return indexes.map(() => none);
    return indexes.map((index) => {
      const column = names[index];
      if (column === undefined) return none;
      return sourceOf({ database: text(catalog), schema: text(schema), table: text(table), column });
    });
  }

  #projection(node: Json, input: readonly Sources[]): readonly Sources[] {
    return objects(node.expressions).map((one) => this.#sources(one, input));
  }

  #filter(node: Json, input: readonly Sources[]): readonly Sources[] {
    for (const one of objects(node.expressions)) this.#addFilter(this.#sources(one, input));
    return mapped(input, node.projection_map);
  }

  #aggregate(node: Json, input: readonly Sources[]): readonly Sources[] {
    const groups = objects(node.groups).map((one) => this.#sources(one, input));
    const values = objects(node.expressions).map((one) => changed(this.#sources(one, input)));
    const groupings = listOf(node.grouping_functions).map((list) =>
      changed(merged(listOf(list).map((index) => groups[number(index)] ?? none))),
    );
    this.#tables.set(number(node.group_index), groups);
    this.#tables.set(number(node.aggregate_index), values);
    return [...groups, ...values, ...groupings];
  }

  #limit(children: readonly Json[]): readonly Sources[] {
    const [child] = children;
    if (child === undefined) return [];
    if (text(child.type) !== 'LOGICAL_ORDER_BY') return this.read(child);
    return this.#ordered(child, this.#first(objects(child.children)));
  }

  /** The first rows of an order: what they are ordered by decides which they are. */
  #ordered(node: Json, input: readonly Sources[]): readonly Sources[] {
    for (const { expression } of objects(node.orders)) this.#addFilter(this.#sources(expression, input));
    return input;
  }

  #distinct(node: Json, input: readonly Sources[]): readonly Sources[] {
    if (node.distinct_type !== 'DISTINCT_ON') return input;
    for (const one of objects(node.distinct_targets)) this.#addFilter(this.#sources(one, input));
    if (isObject(node.order_by)) this.#ordered(node.order_by, input);
    return input;
  }

  #setOperation(lists: readonly (readonly Sources[])[]): readonly Sources[] {
    const [first = []] = lists;
    return first.map((_, i) => merged(lists.map((list) => list[i] ?? none)));
  }

  #join(node: Json, children: readonly Json[]): readonly Sources[] {
    const isDelim = text(node.type) === 'LOGICAL_DELIM_JOIN';
    const [first, second] = node.delim_flipped === true ? [1, 0] : [0, 1];
    const sides: (readonly Sources[])[] = [[], []];
    sides[first] = children[first] === undefined ? [] : this.read(children[first]);
    if (isDelim)
      this.#outer.push(
        objects(node.duplicate_eliminated_columns).map((one) => this.#sources(one, sides[first] as readonly Sources[])),
      );
    sides[second] = children[second] === undefined ? [] : this.read(children[second]);
    if (isDelim) this.#outer.pop();
    const [left = [], right = []] = sides;
    const type = text(node.join_type);
    const compared = objects(node.conditions).map((one) => [
      this.#sources(one.left, left),
      this.#sources(one.right, right),
    ]);
    // A correlated subquery is joined to its rows by the columns it was made for: that leaves none out.
    const kept = isDelim && type !== 'MARK' ? compared.filter(([a = none, b = none]) => !sameKeys(a, b)) : compared;
    const conditions = merged([...kept.flat(), this.#sources(node.condition, [...left, ...right])]);
    const leftOut = mapped(left, node.left_projection_map);
    const rightOut = mapped(right, node.right_projection_map);
    if (type === 'MARK') return [...leftOut, changed(conditions)];
    this.#addFilter(conditions);
    if (type === 'SEMI' || type === 'ANTI') return leftOut;
    if (type === 'RIGHT_SEMI' || type === 'RIGHT_ANTI') return rightOut;
    return [...leftOut, ...rightOut];
  }

  #recursive(node: Json, [anchor, step]: readonly Json[]): readonly Sources[] {
    const index = number(node.table_index);
    let columns = anchor === undefined ? [] : this.read(anchor);
    // A column may reach another by as many steps as there are columns.
    for (let round = 0; step !== undefined && round <= columns.length; round++) {
      this.#ctes.set(index, columns);
      columns = this.#setOperation([columns, this.read(step)]);
    }
    return columns;
  }

  #pivot(node: Json, input: readonly Sources[]): readonly Sources[] {
    const { group_count: groups, types } = isObject(node.bound_pivot) ? node.bound_pivot : ({} as Json);
    const kept = input.slice(0, number(groups));
    const rest = changed(merged(input.slice(number(groups))));
    return [
      ...kept,
      ...listOf(types)
        .slice(kept.length)
        .map(() => rest),
    ];
  }

  #addFilter(sources: Sources): void {
    for (const [key, source] of sources) this.filters.set(key, source);
  }

  /** What an expression is made of; a reference alone is the value itself. */
  #sources(expression: unknown, input: readonly Sources[]): Sources {
    const own = isObject(expression) ? this.#reference(expression, input) : undefined;
    if (own !== undefined) return own;
    const found: Sources[] = [];
    const stack: unknown[] = [expression];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (Array.isArray(next)) stack.push(...next);
      if (!isObject(next)) continue;
      const sources = this.#reference(next, input);
      if (sources !== undefined) found.push(sources);
      // Bodies of lambdas count their own parameters.
      else for (const [name, value] of Object.entries(next)) if (!apart.has(name)) stack.push(value);
    }
    return changed(merged(found));
  }

  #reference(expression: Json, input: readonly Sources[]): Sources | undefined {
    if (expression.expression_class === 'BOUND_REF') return input[number(expression.index)] ?? none;
    if (expression.expression_class !== 'BOUND_COLUMN_REF') return undefined;
    const { table_index: table, column_index: column } = isObject(expression.binding)
      ? expression.binding
      : ({} as Json);
    return this.#tables.get(number(table))?.[number(column)] ?? none;
  }
}

const apart: ReadonlySet<string> = new Set(['function_data', 'bind_info', 'return_type', 'value', 'arguments']);

function sourceOf(column: BaseColumn): Sources {
  const key = JSON.stringify([column.database, column.schema, column.table, column.column]);
  return new Map([[key, { ...column, kind: 'passthrough' }]]);
}

const changed = (sources: Sources): Sources =>
  new Map([...sources].map(([key, source]) => [key, { ...source, kind: 'transformed' }]));

const sameKeys = (a: Sources, b: Sources): boolean => a.size === b.size && [...a.keys()].every((key) => b.has(key));

/** All sources together; what is changed in one of them is changed. */
function merged(list: readonly Sources[]): Sources {
  const all = new Map<string, ColumnSource>();
  for (const sources of list)
    for (const [key, source] of sources) if (all.get(key)?.kind !== 'transformed') all.set(key, source);
  return all;
}

/** The columns that an operator gives on; all when it does not say. */
const mapped = (input: readonly Sources[], map: unknown): readonly Sources[] =>
  listOf(map).length === 0 ? input : listOf(map).map((index) => input[number(index)] ?? none);
