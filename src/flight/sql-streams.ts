import { DuckhouseError } from '../errors.ts';
import {
  type CallOptions,
  connectFlight,
  type FlightClient,
  type FlightClientOptions,
  type FlightMessage,
  type FlightStream,
} from './client.ts';
import type { FlightEndpoint, FlightInfo } from './proto/messages.ts';

export type Credentials = Pick<FlightClientOptions, 'username' | 'password' | 'token' | 'tls' | 'headers'>;

/** Fetches the endpoints of a FlightInfo, wherever they lie. */
export interface EndpointReader {
  /** One stream of all endpoints, in their order. */
  read(info: FlightInfo, options: CallOptions): Promise<FlightStream>;
  close(): void;
}

const reuse = /^arrow-flight-reuse-connection:/;
const grpc = /^grpc(?:\+tcp|\+tls|s)?:\/\//;

const hostOf = (uri: string): string =>
  uri
    .replace(/^[a-z+]+:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase();

/** Credentials, and headers, which may hold some, go to the host they are given for, and to no other a server may point at. */
export function createEndpointReader(
  own: FlightClient,
  options: FlightClientOptions,
  credentials: Readonly<Record<string, Credentials>>,
): EndpointReader {
  const clients = new Map<string, FlightClient>();

  const known = new Map(Object.entries(credentials).map(([host, given]) => [hostOf(host), given]));
  const isOwn = (uri: string): boolean => hostOf(uri) === hostOf(options.uri);
  const clientFor = (uri: string): FlightClient => {
    const client = clients.get(uri) ?? connectFlight({ uri, retries: options.retries, ...known.get(hostOf(uri)) });
    clients.set(uri, client);
    return client;
  };

  const open = async ({ ticket, locations }: FlightEndpoint, call: CallOptions): Promise<FlightStream> => {
    if (locations.length === 0 || locations.some((uri) => reuse.test(uri))) return own.doGet(ticket, call);
    let failure: unknown;
    for (const uri of locations.filter((location) => grpc.test(location))) {
      try {
        if (isOwn(uri)) return await own.doGet(ticket, call);
        return await clientFor(uri).doGet(ticket, { ...call, headers: undefined });
      } catch (error) {
        failure = error;
      }
    }
    throw failure ?? noLocation(locations);
  };

  return {
    async read({ endpoints }, call) {
      const [first, ...others] = endpoints;
      if (first === undefined) throw new DuckhouseError('DataInvalid', 'the server gave no endpoint to fetch from');
      const { schema, messages } = await open(first, call);
      async function* all(): AsyncGenerator<FlightMessage> {
        yield* messages;
        for (const endpoint of others) yield* (await open(endpoint, call)).messages;
      }
      return { schema, messages: others.length === 0 ? messages : all() };
    },
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

const noLocation = (locations: readonly string[]): DuckhouseError =>
  new DuckhouseError('Unsupported', `none of the locations can be fetched from: ${locations.join(', ')}`, {
    id: 'location-unsupported',
    context: { locations },
  });
