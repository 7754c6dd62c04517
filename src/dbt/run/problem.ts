/** What is known before a run to be wrong with a node. */
export interface CheckProblem {
  /** In DuckDB's words, with the line of the compiled text, and where it comes from. */
  readonly message: string;
  /** The first line of it. */
  readonly reason: string;
  /** `models/orders.sql:12:8`, or the compiled file where the place in the source is not certain. */
  readonly place: string;
}

export interface CheckOutcome {
  readonly problems: ReadonlyMap<string, CheckProblem>;
  /** Nodes whose text was bound. */
  readonly checked: number;
  /** Nodes that have a text. */
  readonly total: number;
}
