import { encodeSchema } from '../arrow/index.ts';
import type { Config } from '../config/index.ts';
import { type LoadMessage, openEngine } from '../engine/index.ts';
import type { OutgoingBatch } from '../flight/index.ts';
import { openLakehouse, parseTableName } from '../lakehouse/index.ts';
import { prepareDatabaseFolder } from './database-folder.ts';
import type { Target } from './target.ts';

/** The database file itself, opened by this process. */
export async function openLocalTarget(config: Config): Promise<Target> {
  prepareDatabaseFolder(config);
  const engine = await openEngine({
    database: config.database,
    settings: config.memoryLimit === undefined ? {} : { memory_limit: `${config.memoryLimit}B` },
  });
  const lakehouse = await openLakehouse({ engine });
  return {
    address: config.database,
    sharesFiles: true,
    async query(sql, { signal, timeoutMs }) {
      const result = await lakehouse.query(sql, { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
      return {
        schema: result.schema,
        messages: result.batches,
        rowsChanged: result.returnsRows ? undefined : result.rowsChanged,
      };
    },
    put: ({ table, mode, loadId, schema, batches, signal }) =>
      lakehouse.put({
        table: parseTableName(table),
        mode: mode ?? config.putMode,
        schema: encodeSchema(schema),
        messages: copies(batches),
        signal,
        ...(loadId === undefined ? {} : { loadId }),
      }),
    findLoad: (loadId) => lakehouse.findLoad(loadId),
    listTables: () => lakehouse.listTables(),
    describeTable: (name) => lakehouse.describeTable(parseTableName(name)),
    createView: (name, sql, replace) => lakehouse.createView(parseTableName(name), sql, { replace }),
    close: () => lakehouse.close(),
  };
}

/** A load keeps batches until their group is inserted, longer than the reader behind them can wait. */
async function* copies(batches: AsyncIterable<OutgoingBatch>): AsyncGenerator<LoadMessage> {
  for await (const { metadata, body, release } of batches) {
    const shared = new Uint8Array(new SharedArrayBuffer(body.byteLength));
    shared.set(body);
    const copy = { metadata: Uint8Array.from(metadata), body: shared };
    release?.();
    yield copy;
  }
}
