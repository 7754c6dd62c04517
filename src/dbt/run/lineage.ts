/** `passthrough`: the value itself; `transformed`: something made of it. */
export type LineageKind = 'passthrough' | 'transformed';

/** A column that another one comes from; of a relation that is none of the project's `node` is null. */
export interface UpstreamColumn {
  readonly node: string | null;
  readonly relation: string;
  readonly column: string;
}

export interface ColumnLineage {
  readonly name: string;
  readonly type: string;
  readonly upstream: readonly (UpstreamColumn & { readonly kind: LineageKind })[];
}

export interface NodeLineage {
  readonly relation: string | null;
  readonly columns: readonly ColumnLineage[];
  /** Columns that decide which rows there are: filters, joins, limits. */
  readonly filters: readonly UpstreamColumn[];
}

export interface ProjectLineage {
  readonly nodes: ReadonlyMap<string, NodeLineage>;
  /** Nodes whose query could not be bound, with the reason. */
  readonly unknown: ReadonlyMap<string, string>;
}
