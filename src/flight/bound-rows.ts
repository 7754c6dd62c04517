import { type ArrowField, createBatchDecoder, decodeSchema, isValidAt, readMessageHeader } from '../arrow/index.ts';
import type { ArrowParams, EncodedBatch, QueryResult } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { ClientSession, SessionQueryOptions, SessionStatement } from '../lakehouse/index.ts';

/** A query that runs, once for each row of its parameters. */
export interface BoundRows {
  readonly queryId: string;
  readonly result: Promise<QueryResult>;
}

interface Bound {
  readonly session: ClientSession;
  readonly sql: string;
  readonly options: SessionQueryOptions;
  readonly params?: ArrowParams | undefined;
}

export const rowsOf = ({ messages }: ArrowParams): number =>
  messages.reduce((sum, { metadata }) => sum + readMessageHeader(metadata).rows, 0);

/**
 * Whether the one row of parameters has the types that the statement asks for, and no null: then its result has the columns
 * that were told when it was prepared. DuckDB makes other columns of other types.
 */
export function bindsAsDeclared(params: ArrowParams, declared: readonly ArrowField[]): boolean {
  const schema = decodeSchema(params.schema);
  const { fields } = schema;
  const alike = ({ type, children, dictionary }: ArrowField, i: number): boolean =>
    children.length === 0 && dictionary === undefined && JSON.stringify(type) === JSON.stringify(declared[i]?.type);
  if (fields.length !== declared.length || rowsOf(params) !== 1 || !fields.every(alike)) return false;
  const { decode } = createBatchDecoder(schema);
  return params.messages.every((message) => decode(message)?.columns.every((column) => isValidAt(column, 0)) ?? true);
}

/** Runs the prepared query for the first row; those for the others follow in the same result. */
export function boundRows(prepared: SessionStatement, bound: Bound, limit: { readonly rowLimit?: number }): BoundRows {
  const { params } = bound;
  const first = prepared.run(params === undefined ? limit : { ...limit, arrowParams: params });
  const rows = params === undefined ? 0 : rowsOf(params);
  return { queryId: prepared.queryId, result: rows < 2 ? first : first.then((result) => chained(result, bound, rows)) };
}

function chained(first: QueryResult, { session, sql, options, params }: Bound, rows: number): QueryResult {
  let current = first;
  async function* batches(): AsyncGenerator<EncodedBatch> {
    yield* first.batches;
    for (let row = 1; row < rows; row++) {
      current = await session.query(sql, { ...options, arrowParams: { ...(params as ArrowParams), row } });
      const other = otherColumn(first.schema.fields, current.schema.fields);
      if (other !== undefined) throw columnsDiffer(row, other);
      yield* current.batches;
    }
  }
  return { ...first, batches: batches(), close: () => current.close() };
}

/** The layout of a column, without what its names and metadata say. */
const layoutOf = ({ type, children }: ArrowField): unknown => [type, children.map(layoutOf)];

/** The first column that has another type; DuckDB chooses types by the values that are bound. */
const otherColumn = (first: readonly ArrowField[], next: readonly ArrowField[]): string | undefined =>
  first.find((field, i) => {
    const other = next[i];
    return other === undefined || JSON.stringify(layoutOf(field)) !== JSON.stringify(layoutOf(other));
  })?.name;

const columnsDiffer = (row: number, column: string): DuckhouseError =>
  new DuckhouseError(
    'InvalidArgument',
    `column "${column}" has another type for row ${row + 1} of the parameters than for the first`,
    {
      id: 'bound-columns-differ',
      context: { row: row + 1, column },
      hint: 'cast the column in the statement, or bind the rows one by one',
    },
  );
