import { createFlightHost, defaultLimits, type FlightServer, methodService } from '../flight/index.ts';
import { createLogger } from '../log.ts';
import { basicProtoScenario } from './scenarios/auth.ts';
import { dataScenario } from './scenarios/data.ts';
import { echoScenario } from './scenarios/echo.ts';
import { expirationTimeScenario } from './scenarios/expiration-time.ts';
import {
  appMetadataScenario,
  middlewareScenario,
  orderedScenario,
  pollScenario,
  reuseConnectionScenario,
} from './scenarios/flight-info.ts';
import { flightSqlScenario } from './scenarios/flight-sql.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { sessionOptionsScenario } from './scenarios/session-options.ts';

interface ScenarioOptions {
  /** The port that the server listens on. */
  readonly port: () => number;
}

/** The scenarios of the Arrow project's Flight integration suite, by their names there; '' = the plain data files. */
export const scenarios: Readonly<Record<string, (options: ScenarioOptions) => Scenario>> = {
  '': dataScenario,
  'auth:basic_proto': basicProtoScenario,
  middleware: middlewareScenario,
  ordered: orderedScenario,
  'expiration_time:do_get': expirationTimeScenario,
  'expiration_time:list_actions': expirationTimeScenario,
  'expiration_time:cancel_flight_info': expirationTimeScenario,
  'expiration_time:renew_flight_endpoint': expirationTimeScenario,
  'do_exchange:echo': echoScenario,
  'location:reuse_connection': reuseConnectionScenario,
  session_options: sessionOptionsScenario,
  poll_flight_info: pollScenario,
  app_metadata_flight_info_endpoint: appMetadataScenario,
  flight_sql: flightSqlScenario,
  'flight_sql:extension': flightSqlScenario,
  'flight_sql:ingestion': flightSqlScenario,
};

export interface RunningScenario {
  readonly port: number;
  readonly server: FlightServer;
}

/** Plays a scenario on the Flight room; port 0 = any free one. */
export async function playScenario(name: string, port: number): Promise<RunningScenario> {
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (scenario === undefined) throw new RangeError(`unknown scenario "${name}": ${Object.keys(scenarios).join(', ')}`);
  let listening = port;
  const server = createFlightHost({
    serve: methodService(scenario({ port: () => listening })),
    limits: defaultLimits,
    log: createLogger({ write: (line) => process.stderr.write(line) }),
  });
  listening = await server.listen('0.0.0.0', port);
  return { port: listening, server };
}
