import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** `<workspace>/.duckhouse/server.json`: how commands find the running server of their workspace. */
export interface ServerFile {
  /** The supervisor. */
  readonly pid: number;
  readonly serverPid: number;
  readonly flight: string;
  readonly http: string;
  readonly startedAt: string;
  readonly version: string;
}

const fileIn = (stateDir: string): string => path.join(stateDir, 'server.json');

/** The running server; undefined when there is none or the file is what a killed one left. */
export function readServerFile(stateDir: string): ServerFile | undefined {
  try {
    const server = JSON.parse(readFileSync(fileIn(stateDir), 'utf8')) as ServerFile;
    return isRunning(server.pid) ? server : undefined;
  } catch {
    return undefined; // no file, or one cut short: no server that can be found
  }
}

/** Whole or not at all, whoever reads meanwhile. */
export function writeServerFile(stateDir: string, server: ServerFile): void {
  mkdirSync(stateDir, { recursive: true });
  const temporary = `${fileIn(stateDir)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(server, undefined, 2)}\n`);
  renameSync(temporary, fileIn(stateDir));
}

export const removeServerFile = (stateDir: string): void => rmSync(fileIn(stateDir), { force: true });

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
