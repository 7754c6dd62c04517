/**
 * The Flight room: Flight messages to lakehouse calls and back, and the Flight client. It knows nothing of dbt or HTTP pages.
 * Start at `service.ts`, one line a method; the bytes are in `grpc/` and `proto/`.
 */
export * from './client.ts';
export type { FlightServer } from './host.ts';
export { createFlightServer } from './server.ts';
export {
  type ActionContext,
  defaultLimits,
  type FlightAction,
  type FlightLimits,
  type FlightServerOptions,
  type TlsOptions,
} from './types.ts';
