import type { LoaderPool } from './loader-pool.ts';
import type { Handles } from './native/handles.ts';
import type { Address } from './native/memory.ts';
import type { PlanHost } from './plans.ts';
import type { StatementHost } from './statement.ts';
import type { TableWatch } from './types.ts';

/** What the parts of one engine share on the main thread. */
export interface EngineCore extends StatementHost, PlanHost {
  readonly database: Address;
  readonly libraryPath: string;
  /** Name of the database that connections start in. */
  readonly databaseName: string;
  readonly loaders: LoaderPool;
  readonly sessionInit: readonly string[];
  /** What is open, for who ends this thread. */
  readonly handles: Handles | undefined;
  readonly watches: TableWatch[];
  /** Before the first statement that has a guard. */
  readonly ownExtensionsOnly: () => void;
}
