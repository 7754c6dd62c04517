import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // not this kind of control group, not Linux, or the process is gone
  }
};

const limitFiles = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/** Bytes of memory this process may use: the machine's, or its control group's when that is less. */
export function availableMemory(): number {
  const limits = [...limitFiles.map((file) => Number(readText(file)?.trim())), process.constrainedMemory()];
  return Math.min(totalmem(), ...limits.filter((limit) => Number.isFinite(limit) && limit > 0));
}

/** Resident bytes of a process; undefined where the system does not tell. Not from statm: its pages differ in size between machines. */
export function residentBytes(pid: number): number | undefined {
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
