import type { Authenticator, GatePolicy, Principal, Role } from '../access/index.ts';
import type { StatementGuard } from '../engine/index.ts';
import type { DuckhouseError } from '../errors.ts';
import type { Lakehouse, PutMode, SessionLimits, SessionStore } from '../lakehouse/index.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';

export interface TlsOptions {
  /** PEM text. */
  readonly cert: string;
  readonly key: string;
  /** PEM text of the authority of client certificates; given, clients must have one. */
  readonly clientCa?: string | undefined;
}

export interface FlightLimits {
  /** Bytes of one gRPC message at most. */
  readonly maxMessageBytes: number;
  /** Bytes of a call's headers at most. */
  readonly maxHeaderListSize: number;
  /** A statement prepared by GetFlightInfo and not fetched ends after this. */
  readonly ticketIdleMs: number;
  /** Statements prepared and not fetched at most. */
  readonly maxTickets: number;
  /** PollFlightInfo waits this long for a statement before it says how far it is. */
  readonly pollWaitMs: number;
  /** A put without data for this long is ended. */
  readonly putIdleMs: number;
  /** Milliseconds a statement may run; undefined = as long as it takes. */
  readonly queryTimeoutMs?: number | undefined;
  /** Rows of a result at most. */
  readonly maxRows?: number | undefined;
}

export const defaultLimits: FlightLimits = {
  maxMessageBytes: 1 << 30,
  maxHeaderListSize: 256 << 10,
  ticketIdleMs: 60_000,
  maxTickets: 1000,
  pollWaitMs: 2000,
  putIdleMs: 600_000,
};

/** What an action may use. */
export interface ActionContext {
  readonly lakehouse: Lakehouse;
  readonly principal: Principal;
  readonly guard: StatementGuard | undefined;
  readonly sessions: SessionStore;
  readonly signal: AbortSignal;
}

/** One Flight action: `body` is the parsed JSON object, the result is sent as JSON. */
export interface FlightAction {
  readonly type: string;
  readonly description: string;
  /** Who may call it; `admin` when it does not say. */
  readonly role?: Role;
  /** Names allowed in the body; `required` must be there. */
  readonly parameters: readonly string[];
  readonly required: readonly string[];
  readonly run: (body: Readonly<Record<string, unknown>>, context: ActionContext) => Promise<unknown>;
  /** Instead of `run`: many results, each sent when it is there. */
  readonly stream?: (body: Readonly<Record<string, unknown>>, context: ActionContext) => AsyncIterable<unknown>;
}

export interface FlightServerOptions {
  readonly lakehouse: Lakehouse;
  readonly authenticator: Authenticator;
  /** What people who are no administrators may reach beside tables. */
  readonly gate?: GatePolicy;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly putMode?: PutMode;
  readonly limits?: Partial<FlightLimits>;
  readonly sessions?: Partial<SessionLimits>;
  readonly tls?: TlsOptions | undefined;
  /** Called when the database refuses all further work. */
  readonly onFatal?: (error: DuckhouseError) => void;
  /** More actions than the room's own. */
  readonly actions?: readonly FlightAction[];
}
