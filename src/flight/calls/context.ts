import type { Authenticator, GatePolicy, Principal } from '../../access/index.ts';
import type { StatementGuard } from '../../engine/index.ts';
import type { DuckhouseError } from '../../errors.ts';
import type { Lakehouse, PutMode, SessionStore } from '../../lakehouse/index.ts';
import type { Logger } from '../../log.ts';
import type { CallSessions, SessionFinder } from '../call-session.ts';
import type { FlightMetrics } from '../flight-metrics.ts';
import type { ServerCall } from '../grpc/server-call.ts';
import type { PolledStatement, PollStore } from '../polls.ts';
import type { PreparedStatements } from '../prepared-statements.ts';
import type { TicketStore } from '../tickets.ts';
import type { FlightAction, FlightLimits } from '../types.ts';

/** What the calls of one server share. */
export interface ServiceContext {
  readonly lakehouse: Lakehouse;
  readonly authenticator: Authenticator;
  readonly gate: GatePolicy;
  readonly tickets: TicketStore;
  readonly sessions: SessionStore;
  readonly finder: SessionFinder;
  readonly prepared: PreparedStatements;
  readonly polls: PollStore;
  readonly actions: ReadonlyMap<string, FlightAction>;
  readonly putMode: PutMode;
  readonly limits: FlightLimits;
  readonly metrics: FlightMetrics;
  readonly log: Logger;
  readonly onFatal: (error: DuckhouseError) => void;
}

export interface CallContext extends ServiceContext, CallSessions {
  readonly call: ServerCall;
  readonly principal: Principal;
  /** Goes with every statement of the principal. */
  readonly guard: StatementGuard | undefined;
  /** The call's statement is asked after by others. */
  readonly polled?: PolledStatement;
}
