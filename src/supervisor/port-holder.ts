import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const listening = '0A';

/** The process that listens on a TCP port of this machine; undefined where the system does not tell. */
export function pidListeningOn(port: number): number | undefined {
  try {
    const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(file, port)));
    if (inodes.size === 0) return undefined;
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.map(Number).find((pid) => holdsSocket(pid, inodes));
  } catch {
    return undefined; // not Linux
  }
}

/** Columns: number, local address, remote address, state, queues, timer, retransmits, user, timeout, inode. */
function listeningInodes(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) === true && columns[3] === listening)
    .map((columns) => columns[9] as string);
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) =>
      inodes.has(/^socket:\[(\d+)\]$/.exec(linkTarget(pid, fd))?.[1] ?? ''),
    );
  } catch {
    return false; // gone, or somebody else's
  }
}

function linkTarget(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return ''; // closed meanwhile
  }
}
