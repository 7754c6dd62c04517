/** The public API: what the command line is made of. The Flight client alone is `datahut-duckhouse/client`. */
export * from './arrow/index.ts';
export {
  type Connection,
  columnType,
  type Engine,
  type EngineOptions,
  openEngine,
  type QueryOptions,
  type QueryResult,
} from './engine/index.ts';
export { DuckhouseError, type ErrorKind } from './errors.ts';
export { connectFlight, createFlightServer, type FlightClient, type FlightServer } from './flight/index.ts';
export { type Lakehouse, openLakehouse, type Receipt, type TableInfo } from './lakehouse/index.ts';
