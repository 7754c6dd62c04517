import { tmpdir } from 'node:os';
import type { Principal } from '../../access/index.ts';
import type { SessionLimits } from './types.ts';

/** What a server allows when nothing else is said. */
export const sessionLimits: SessionLimits = {
  groupCommit: true,
  maxSessions: 1000,
  idleMs: 1_800_000,
  transactionIdleMs: 300_000,
  maxStatements: 100,
  maxRunning: 64,
  maxWaiting: 500,
  maxWaitMs: 60_000,
  spoolMemoryBytes: 32 << 20,
  spoolDiskBytes: 4 * 2 ** 30,
  spoolDirectory: tmpdir(),
};

/** Sessions and running statements beyond the limits, for administrators: who is to end others must get in. */
const reserved = 4;

/** How far beyond a limit the principal may go. Where nobody is asked who they are, everybody would be one. */
export const beyondLimit = ({ role, via }: Principal): number => (role === 'admin' && via !== 'open' ? reserved : 0);
