import { catalogChanged, type KeptPlans, type PlanHost } from './plans.ts';
import type { ResultHandle, StatementHandle } from './protocol.ts';
import { changesCatalog, leavesState } from './statement-kind.ts';
import type { StatementKind } from './types.ts';

/** What the statements of a connection leave behind: in it, and in the plans of all. */
export interface ConnectionTraces {
  /** Whether nobody else should get the connection. */
  left(): boolean;
  leave(): void;
  prepared(handle: StatementHandle): void;
  started(handle: ResultHandle): void;
  /** One that was run by its kind alone. */
  changed(kind: StatementKind): void;
  /** What DuckDB runs as several statements, such as some ALTERs, leaves a transaction open when one of them fails. */
  failed(): void;
}

export function createTraces(core: PlanHost, plans: KeptPlans): ConnectionTraces {
  let left = false;
  let changedCatalog = false;

  const leave = (): void => {
    left = true;
  };

  /** Inside a transaction a change is seen by others only at its end: then they make their plans anew once more. */
  const note = (done: { readonly kind: StatementKind; readonly script: boolean }): void => {
    const changes = changesCatalog(done);
    if (changes || (done.kind === 'transaction' && changedCatalog)) catalogChanged(core);
    changedCatalog = (changedCatalog && done.kind !== 'transaction') || changes;
    if (done.kind === 'set') void plans.clear();
  };

  return {
    left: () => left,
    leave,
    failed: leave,
    prepared(handle) {
      left ||= handle.leavesState;
      if (handle.script) note(handle);
    },
    started(handle) {
      left ||= handle.leavesState;
      note(handle);
    },
    changed(kind) {
      left ||= leavesState(kind);
      note({ kind, script: false });
    },
  };
}
