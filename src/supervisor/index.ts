/**
 * The supervisor room: the parent of the server process. It accepts connections and hands them over, starts the process again
 * when it ends, and watches its memory. It knows nothing of what the process does.
 */
export { availableMemory, residentBytes } from './memory.ts';
export type { FromChild, ToChild } from './protocol.ts';
export { startSupervisor, type Supervisor, type SupervisorOptions } from './supervisor.ts';
