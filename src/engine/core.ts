import type { LoaderPool } from './loader-pool.ts';
import type { DuckDb } from './native/library.ts';
import type { Address } from './native/memory.ts';
import type { WorkerPool } from './pool.ts';
import type { Statement } from './statement.ts';

/** What the parts of one engine share on the main thread. */
export interface EngineCore {
  readonly duckdb: DuckDb;
  readonly database: Address;
  readonly libraryPath: string;
  readonly pool: WorkerPool;
  readonly loaders: LoaderPool;
  /** Statements running or with an open result, by query id. */
  readonly statements: Map<string, Statement>;
  readonly sessionInit: readonly string[];
}
