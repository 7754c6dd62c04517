import { compare } from './compare.ts';
import { liDatabase } from './environment.ts';

/** Through the ADBC driver. Prepared statements and GetTables are ours alone: the peer has neither. */
export async function run(): Promise<void> {
  const database = liDatabase();
  await compare({ database, tests: ['adbc_read', 'adbc_ingest', 'adbc_connect'] });
  await compare({ database, tests: ['adbc_executemany', 'adbc_prepared', 'adbc_tables'], starts: 1, alone: true });
}
