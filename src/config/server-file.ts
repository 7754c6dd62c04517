import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** `<workspace>/.duckhouse/server.json`: how commands find the running server of their workspace. */
export interface ServerFile {
  /** The supervisor. */
  readonly pid: number;
  readonly serverPid: number;
  readonly flight: string;
  readonly http: string;
  /** What the server shows, where it has TLS (PEM): commands of its workspace trust it and no other. */
  readonly certificate?: string | undefined;
  readonly startedAt: string;
  readonly version: string;
}

const fileIn = (stateDir: string): string => path.join(stateDir, 'server.json');

/** The running server, which holds the workspace's lock; undefined when there is none or the file is what a killed one left. */
export function readServerFile(stateDir: string): ServerFile | undefined {
  try {
    const server = JSON.parse(readFileSync(fileIn(stateDir), 'utf8')) as ServerFile;
    return lockHolder(stateDir) === server.pid ? server : undefined;
  } catch {
    return undefined; // no file, or one cut short: no server that can be found
  }
}

/** The nearest folder at or above this one that a server runs for. */
export function workspaceAbove(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    if (readServerFile(path.join(at, '.duckhouse')) !== undefined) return at;
    if (path.dirname(at) === at) return undefined;
  }
}

/** Whole or not at all, whoever reads meanwhile. */
export function writeServerFile(stateDir: string, server: ServerFile): void {
  mkdirSync(stateDir, { recursive: true });
  const temporary = `${fileIn(stateDir)}.${process.pid}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(server, undefined, 2)}\n`);
    renameSync(temporary, fileIn(stateDir));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

export const removeServerFile = (stateDir: string): void => rmSync(fileIn(stateDir), { force: true });

/** The lock of a workspace: its holder's pid and start, so that another process that has got the same pid since is told apart. */
export const lockFileIn = (stateDir: string): string => path.join(stateDir, 'server.lock');
export const lockText = (pid: number): string => `${pid} ${processStart(pid) ?? ''}\n`;

/** The pid of the process that holds the workspace's lock; undefined when nobody does or the holder was killed. */
export function lockHolder(stateDir: string): number | undefined {
  try {
    const [pid, start] = readFileSync(lockFileIn(stateDir), 'utf8').trim().split(' ');
    const holder = Number(pid);
    if (!Number.isInteger(holder) || holder <= 0 || !isRunning(holder)) return undefined;
    const now = processStart(holder);
    return start === undefined || now === undefined || start === now ? holder : undefined;
  } catch {
    return undefined; // no lock
  }
}

const ended = 'ended';

/** When a process began, in the system's own terms, or that it has ended; undefined where it does not tell. */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // State and start are fields 3 and 22; the second one, the command, is in parentheses and may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? ended : `${boot}/${fields[19]}`;
  } catch {
    return undefined; // not Linux
  }
}

/** The server process named by what a killed supervisor left, while it still runs. */
export function orphanedServer(stateDir: string): number | undefined {
  try {
    const { pid, serverPid } = JSON.parse(readFileSync(fileIn(stateDir), 'utf8')) as ServerFile;
    return pid !== lockHolder(stateDir) && isRunning(serverPid) && processStart(serverPid) !== ended
      ? serverPid
      : undefined;
  } catch {
    return undefined; // nothing was left
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
