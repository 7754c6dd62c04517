import { putInside } from '../put.ts';
import { explained } from '../tables.ts';
import type { Lakehouse } from '../types.ts';
import { sessionLimits } from './limits.ts';
import { createSessionStore } from './store.ts';
import type { SessionLimits, SessionStore } from './types.ts';

/** The sessions of a lakehouse's clients; close them before it. */
export function openSessions(lakehouse: Lakehouse, limits: Partial<SessionLimits> = {}): SessionStore {
  const { engine, catalog } = lakehouse;
  return createSessionStore({
    engine,
    initial: { catalog, dbSchema: 'main', statements: new Map(), settings: {} },
    limits: { ...sessionLimits, ...limits },
    put: (request, connection) => (connection === undefined ? lakehouse.put(request) : putInside(connection, request)),
    explained: (run) => explained(engine, run),
  });
}
