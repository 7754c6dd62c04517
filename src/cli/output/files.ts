import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeSchema, writeIpcStream } from '../../arrow/index.ts';
import { openEngine } from '../../engine/index.ts';
import { quoteLiteral } from '../../sql.ts';
import { write } from '../effects.ts';
import type { OutputFormat, OutputRequest } from './types.ts';

/** An Arrow IPC stream. */
export const arrow: OutputFormat = async ({ schema, messages, out }) => {
  let rows = 0;
  const counted = async function* () {
    for await (const message of messages) {
      rows += message.rows;
      yield message;
    }
  };
  for await (const bytes of writeIpcStream(encodeSchema(schema), counted())) await write(out, bytes);
  return rows;
};

/** A Parquet file, written by a DuckDB of its own: its footer comes last, so it is made in a temporary file. */
export const parquet: OutputFormat = async (request) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'duckhouse-'));
  try {
    const file = path.join(folder, 'result.parquet');
    const rows = await writeParquet(request, path.join(folder, 'spool.duckdb'), file);
    for await (const chunk of createReadStream(file)) await write(request.out, chunk as Buffer);
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function writeParquet({ schema, messages }: OutputRequest, spool: string, file: string): Promise<number> {
  const engine = await openEngine({ database: spool });
  try {
    const connection = await engine.connect();
    const copies = async function* () {
      for await (const message of messages) {
        yield { metadata: Uint8Array.from(message.metadata), body: Uint8Array.from(message.body) };
        message.release();
      }
    };
    const rows = await connection.registerArrow('result', encodeSchema(schema), copies());
    await connection.execute(`COPY temp.main.result TO ${quoteLiteral(file)} (FORMAT parquet)`);
    await connection.close();
    return rows;
  } finally {
    await engine.close();
  }
}
