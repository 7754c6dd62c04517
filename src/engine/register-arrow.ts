import { quoteName } from '../sql.ts';
import type { Connection, LoadMessage } from './types.ts';

export interface RegisterOptions {
  readonly name: string;
  readonly schema: Uint8Array;
  readonly messages: AsyncIterable<LoadMessage>;
}

/** Makes `name` a temporary table of the connection that holds the stream. Resolves with its rows. */
export async function registerArrow(
  connection: Connection,
  { name, schema, messages }: RegisterOptions,
): Promise<number> {
  const table = quoteName('temp', 'main', name);
  const load = await connection.load({
    schema,
    async statement(source) {
      // LIMIT 0 takes the columns and their types; no row is asked for yet.
      await connection.execute(`CREATE TEMP TABLE ${table} AS SELECT * FROM ${source} LIMIT 0`);
      return `INSERT INTO ${table} SELECT * FROM ${source}`;
    },
  });
  try {
    for await (const message of messages) await load.write(message);
    return (await load.finish()).rows;
  } catch (error) {
    await load.abort();
    throw error;
  }
}
