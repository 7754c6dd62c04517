import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

const readNumber = (file: string): number | undefined => {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined; // not this kind of control group, or not Linux
  }
};

/** Bytes of memory this process may use: the machine's, or its control group's when that is less. */
export function availableMemory(): number {
  const limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'].map(readNumber);
  return Math.min(totalmem(), ...limits.filter((limit): limit is number => limit !== undefined && limit > 0));
}

const pageBytes = 4096;

/** Resident bytes of a process; undefined where the system does not tell. */
export function residentBytes(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
  } catch {
    return undefined; // gone, or not Linux
  }
}

export interface MemoryGuard {
  stop(): void;
}

export interface MemoryGuardOptions {
  readonly pid: () => number | undefined;
  readonly wall: number;
  /** Asks the process to give memory back. */
  readonly onAbove: (resident: number) => void;
  /** It did not. */
  readonly onStuck: (resident: number) => void;
}

const everyMs = 100;
const graceMs = 2000;

/** Watches a process's resident size against a wall: DuckDB's own limit does not hold for all it allocates. */
export function guardMemory({ pid, wall, onAbove, onStuck }: MemoryGuardOptions): MemoryGuard {
  let aboveSince: number | undefined;
  const hardWall = wall + (Math.max(availableMemory(), wall) - wall) / 2;
  const timer = setInterval(() => {
    const process = pid();
    const resident = process === undefined ? undefined : residentBytes(process);
    if (resident === undefined || resident <= wall) {
      aboveSince = undefined;
      return;
    }
    if (aboveSince === undefined) {
      aboveSince = Date.now();
      onAbove(resident);
    } else if (Date.now() - aboveSince > graceMs || resident > hardWall) {
      aboveSince = undefined;
      onStuck(resident);
    }
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
