/**
 * The Flight room: Flight messages to lakehouse calls and back, and the Flight client. It knows nothing of dbt or HTTP pages.
 * Start at `service.ts`, one line a method; the bytes are in `grpc/` and `proto/`.
 */

export * from './client-api.ts';
export type { ServerCall } from './grpc/server-call.ts';
export { createFlightHost, type FlightServer } from './host.ts';
export { methodService } from './method-service.ts';
export { type Called, type Method, streaming, unary } from './methods/method.ts';
export {
  decodeFlightData,
  encodeDataless,
  encodeFlightData,
  type FlightData,
  frameBatch,
} from './proto/flight-data.ts';
export * from './proto/messages.ts';
export * from './proto/session-messages.ts';
export {
  decodeIngest,
  decodeStatement,
  decodeStatementTicket,
  encodeStatementTicket,
  encodeUpdateResult,
  packAny,
  type SqlMessage,
  unpackAny,
} from './proto/sql-messages.ts';
export * from './proto/wire.ts';
export { createFlightServer, type LakehouseFlightServer } from './server.ts';
export * from './sql/reference-schemas.ts';
export {
  type ActionContext,
  defaultLimits,
  type FlightAction,
  type FlightLimits,
  type FlightServerOptions,
  type TlsOptions,
} from './types.ts';
