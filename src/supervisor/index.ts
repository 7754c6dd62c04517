/**
 * The supervisor room: the parent of the server process. It accepts connections and hands them over, starts the process again
 * when it ends, and watches its memory. It knows nothing of what the process does.
 * Start at `supervisor.ts`; `handover.ts` keeps connections from getting lost, `keeper.ts` keeps the process alive.
 */
export { availableMemory, residentBytes } from './memory.ts';
export type { ConnectionKind, FromChild, ToChild } from './protocol.ts';
export { type Supervisor, type SupervisorOptions, startSupervisor } from './supervisor.ts';
