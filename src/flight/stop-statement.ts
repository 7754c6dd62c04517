import type { Lakehouse, SessionStore } from '../lakehouse/index.ts';

interface Statements {
  readonly lakehouse: Lakehouse;
  readonly sessions: SessionStore;
}

/** Name of the user whose statement it is; undefined when none of that id waits or runs. */
export const ownerOf = ({ lakehouse, sessions }: Statements, queryId: string): string | undefined =>
  [...lakehouse.progress(queryId), ...sessions.waiting()].find((statement) => statement.queryId === queryId)?.owner
    ?.user;

/** Stops it, also while it waits for others; false when there is none. */
export const stopStatement = ({ lakehouse, sessions }: Statements, queryId: string): boolean =>
  lakehouse.cancel(queryId) || sessions.giveUp(queryId);
