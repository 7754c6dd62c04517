import { closeConnection, openConnection } from './native/database.ts';
import type { DuckDb } from './native/library.ts';
import type { Address } from './native/memory.ts';

const statements = ['SET GLOBAL autoload_known_extensions = false', 'SET GLOBAL autoinstall_known_extensions = false'];

/**
 * To be called before a statement is looked at for a guard: binding it would install and load the extension that a function,
 * type or PRAGMA in it is known from. From the first such statement on DuckDB loads what it is told to, for everybody.
 */
export function ownExtensionsOnly(duckdb: DuckDb, database: Address): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    try {
      closeConnection(duckdb, openConnection(duckdb, database, statements));
    } catch {
      // The settings are locked: it was done when the database was opened.
    }
  };
}
