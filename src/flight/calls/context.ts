import type { Authenticator, Principal } from '../../access/index.ts';
import type { DuckhouseError } from '../../errors.ts';
import type { Lakehouse, PutMode } from '../../lakehouse/index.ts';
import type { Logger } from '../../log.ts';
import type { FlightMetrics } from '../flight-metrics.ts';
import type { ServerCall } from '../grpc/server-call.ts';
import type { TicketStore } from '../tickets.ts';
import type { FlightAction, FlightLimits } from '../types.ts';

/** What the calls of one server share. */
export interface ServiceContext {
  readonly lakehouse: Lakehouse;
  readonly authenticator: Authenticator;
  readonly tickets: TicketStore;
  readonly actions: ReadonlyMap<string, FlightAction>;
  readonly putMode: PutMode;
  readonly limits: FlightLimits;
  readonly metrics: FlightMetrics;
  readonly log: Logger;
  readonly onFatal: (error: DuckhouseError) => void;
}

export interface CallContext extends ServiceContext {
  readonly call: ServerCall;
  readonly principal: Principal;
}
