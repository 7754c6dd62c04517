import { openSessions, type SessionStore } from '../lakehouse/index.ts';
import { createSessionFinder } from './call-session.ts';
import type { ServiceContext } from './calls/context.ts';
import { createFlightMetrics } from './flight-metrics.ts';
import { createFlightHost, type FlightServer } from './host.ts';
import { createPollStore } from './polls.ts';
import { createPreparedStatements } from './prepared-statements.ts';
import { actionTable, serve } from './service.ts';
import { createTicketStore } from './tickets.ts';
import { defaultLimits, type FlightServerOptions } from './types.ts';

export interface LakehouseFlightServer extends FlightServer {
  readonly sessions: SessionStore;
}

/** Flight and Flight SQL over a lakehouse, which stays the caller's to close. */
export function createFlightServer(options: FlightServerOptions): LakehouseFlightServer {
  const limits = { ...defaultLimits, ...options.limits };
  const { log, tls } = options;
  const tickets = createTicketStore(options.lakehouse, limits);
  const sessions = openSessions(options.lakehouse, options.sessions);
  const polls = createPollStore({
    idleMs: limits.ticketIdleMs,
    max: limits.maxTickets,
    progress: options.lakehouse.progress,
  });
  const context: ServiceContext = {
    lakehouse: options.lakehouse,
    authenticator: options.authenticator,
    gate: options.gate ?? {},
    tickets,
    sessions,
    finder: createSessionFinder(sessions),
    prepared: createPreparedStatements(),
    polls,
    actions: actionTable(options.actions),
    putMode: options.putMode ?? 'create_append',
    limits,
    metrics: createFlightMetrics(options.metrics),
    log,
    onFatal: options.onFatal ?? (() => undefined),
  };
  const host = createFlightHost({
    serve: (call, state) => serve(context, call, state),
    limits,
    log,
    tls,
    async onClose() {
      polls.close();
      await tickets.close();
      await sessions.closeAll();
    },
  });
  return { ...host, sessions };
}
