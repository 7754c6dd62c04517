import { decodeSchema } from '../../arrow/index.ts';
import type { ArrowParams, Connection, QueryOptions } from '../../engine/index.ts';
import { DuckhouseError, isDuckhouseError } from '../../errors.ts';
import { insertFrom } from './insert-rows.ts';

export interface RowsToExecute {
  readonly sql: string;
  readonly params: ArrowParams;
  readonly options: QueryOptions;
}

/** Runs a statement for each row of its parameters: a plain INSERT takes them all at once, anything else one by one. */
export async function executeRows(connection: Connection, rows: RowsToExecute): Promise<number> {
  const { sql, params, options } = rows;
  if (insertFrom(sql, decodeSchema(params.schema), 'rows') !== undefined) {
    try {
      // The statement as it was given is what the guard is asked about.
      if (options.guard !== undefined) await (await connection.prepare(sql, options)).close();
      return await insertAtOnce(connection, rows);
    } catch (error) {
      if (!isDuckhouseError(error) || error.id !== notAtOnce) throw error;
    }
  }
  return connection.executeMany(sql, params, options);
}

const notAtOnce = 'insert-not-at-once';

async function insertAtOnce(connection: Connection, { sql, params, options }: RowsToExecute): Promise<number> {
  const load = await connection.load({
    schema: params.schema,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    async statement(source, schema) {
      const insert = insertFrom(sql, schema, source) as string;
      try {
        await (await connection.prepare(insert)).close();
        return insert;
      } catch (cause) {
        throw new DuckhouseError('Unsupported', 'the rows go in one by one', { id: notAtOnce, cause });
      }
    },
  });
  try {
    for (const message of params.messages) await load.write(message);
    return (await load.finish()).rows;
  } catch (error) {
    await load.abort();
    throw error;
  }
}
