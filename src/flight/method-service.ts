import { DuckhouseError } from '../errors.ts';
import type { ServerCall } from './grpc/server-call.ts';
import type { HostState } from './host.ts';
import type { Called, Method } from './methods/method.ts';

const flightPath = '/arrow.flight.protocol.FlightService/';

/**
 * Answers the calls of a host by the names of Flight's methods: a Flight service of any kind. A method that is not there is
 * UNIMPLEMENTED, an error becomes the call's status.
 */
export function methodService(methods: Readonly<Record<string, Method<Called>>>) {
  return async (call: ServerCall, { draining }: HostState): Promise<void> => {
    try {
      if (draining()) throw new DuckhouseError('Unavailable', 'the server is shutting down', { id: 'draining' });
      const path = String(call.headers[':path']);
      const name = path.startsWith(flightPath) ? path.slice(flightPath.length) : path;
      const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
      if (method === undefined) throw new DuckhouseError('Unsupported', `${name} is not supported`);
      await method({ call });
    } catch (error) {
      call.end(error);
    }
  };
}
