import type { NodeResult, RunNode } from './results.ts';
import type { RunSession } from './session.ts';

/** Does what a command does with one node; never rejects. */
export type NodeRunner = (session: RunSession, node: RunNode, thread: string) => Promise<NodeResult>;
