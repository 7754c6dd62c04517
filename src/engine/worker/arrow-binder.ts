import { type ArrowColumn, createBatchDecoder, decodeSchema } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import { destroyValue, openValueFactory, type ValueMaker } from '../native/create-value.ts';
import type { DuckDb } from '../native/library.ts';
import type { StatementHandle } from '../protocol.ts';
import type { ArrowParams } from '../types.ts';

/** Binds rows of Arrow parameters to a statement. */
export interface ArrowBinder {
  readonly rows: number;
  /** False when there is no such row. */
  bind(row: number): boolean;
  close(): void;
}

interface Batch {
  readonly first: number;
  readonly length: number;
  readonly columns: readonly ArrowColumn[];
}

export function openArrowBinder(duckdb: DuckDb, handle: StatementHandle, params: ArrowParams): ArrowBinder {
  const { batches, rows } = decodeBatches(params);
  // The results of several rows follow each other: a column has one type in all of them.
  const factory = openValueFactory(duckdb, { typedNulls: handle.returnsRows && rows > 1 });
  let current: Batch | undefined;
  let makers: readonly ValueMaker[] = [];

  const open = (batch: Batch): void => {
    current = batch;
    makers = parameterColumns(handle, batch.columns).map((column, i) =>
      factory.maker(column, handle.kind === 'insert' ? handle.parameterFields[i] : undefined),
    );
  };
  return {
    rows,
    bind(row) {
      if (row >= rows) return handle.parameters.length === 0;
      if (current === undefined || row < current.first || row >= current.first + current.length)
        open(batches.find(({ first, length }) => row >= first && row < first + length) as Batch);
      makers.forEach((make, i) => bindOne(duckdb, { handle, index: i + 1 }, make(row - (current as Batch).first)));
      return true;
    },
    close: factory.close,
  };
}

function decodeBatches({ schema, messages }: ArrowParams): {
  readonly batches: readonly Batch[];
  readonly rows: number;
} {
  const { decode } = createBatchDecoder(decodeSchema(schema));
  const batches: Batch[] = [];
  let rows = 0;
  for (const message of messages) {
    const batch = decode(message);
    if (batch === undefined || batch.length === 0) continue;
    batches.push({ first: rows, length: batch.length, columns: batch.columns });
    rows += batch.length;
  }
  return { batches, rows };
}

/** Named parameters find their columns by name when all are there; otherwise the order counts. */
function parameterColumns({ parameters }: StatementHandle, columns: readonly ArrowColumn[]): readonly ArrowColumn[] {
  if (columns.length !== parameters.length) {
    throw new DuckhouseError(
      'InvalidArgument',
      `the statement takes ${parameters.length} parameters, ${columns.length} were bound`,
      { id: 'parameter-count', context: { expected: parameters.length, given: columns.length } },
    );
  }
  const numbered = parameters.every((name) => /^\d+$/.test(name));
  const named = parameters.map((name) => columns.find(({ field }) => field.name.replace(/^\$/, '') === name));
  return numbered || named.includes(undefined) ? columns : (named as ArrowColumn[]);
}

function bindOne(
  duckdb: DuckDb,
  { handle, index }: { readonly handle: StatementHandle; readonly index: number },
  value: number,
): void {
  const failed = Number(duckdb.bind_value(handle.statement, index, value)) !== 0;
  destroyValue(duckdb, value);
  if (failed)
    throw new DuckhouseError('InvalidArgument', `cannot bind parameter $${handle.parameters[index - 1]}`, {
      id: 'parameter-unbindable',
    });
}
