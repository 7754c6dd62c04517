import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** After a command that nothing followed for this long. */
const quietMs = 1500;
/** Below it there is nothing to gain. */
const minGrowthBytes = 48 << 20;

export interface Tidier {
  /** Collects garbage a while from now, if there is enough of it. */
  readonly soon: () => void;
  readonly notNow: () => void;
}

/** A thread that waits would keep its garbage for hours: V8 collects when more is asked for, and nobody asks. */
export function createTidier(): Tidier {
  let timer: NodeJS.Timeout | undefined;
  let kept = 0;
  const used = (): number => getHeapStatistics().used_heap_size;
  const tidy = (): void => {
    if (used() - kept < minGrowthBytes) return;
    collector()();
    kept = used();
  };
  return {
    soon() {
      clearTimeout(timer);
      timer = setTimeout(tidy, quietMs).unref();
    },
    notNow: () => clearTimeout(timer),
  };
}

let found: (() => void) | undefined;

function collector(): () => void {
  if (found !== undefined) return found;
  setFlagsFromString('--expose-gc');
  found = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return found;
}
