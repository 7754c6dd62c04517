/**
 * The clients, as `datahut-duckhouse/client`: `connectFlightSql` for SQL against any Flight SQL server, `connectFlight` for
 * the calls of Flight themselves.
 */
export * from './client.ts';
export {
  connectFlightSql,
  type FlightSqlClient,
  type FlightSqlClientOptions,
  type IngestOptions,
  type PreparedStatement,
  type StatementOptions,
  type Transaction,
} from './sql-client.ts';
export type { Credentials } from './sql-streams.ts';
