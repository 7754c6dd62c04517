import { readFileSync } from 'node:fs';
import { ownerToken } from '../access/owner-token.ts';
import { type Config, readServerFile } from '../config/index.ts';
import { connectFlight, type FlightClient, type FlightClientOptions } from '../flight/client-api.ts';

const pem = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readFileSync(file, 'utf8');

/** A client with the configuration's credentials and certificates. */
export const clientOf = (config: Config, uri: string): FlightClient => connectFlight(clientOptions(config, uri));

export const clientOptions = (config: Config, uri: string): FlightClientOptions => ({
  uri,
  username: config.username,
  password: config.password,
  token: config.token ?? ownToken(config),
  tls: {
    ca: pem(config.tlsCa ?? config.tlsCert),
    pinned: config.tlsCa === undefined ? ownCertificate(config, uri) : undefined,
    cert: pem(config.tlsCert),
    key: pem(config.tlsKey),
  },
});

/** The workspace says which certificate its server shows. */
function ownCertificate({ server, stateDir }: Config, uri: string): string | undefined {
  const running = server === undefined ? readServerFile(stateDir) : undefined;
  return running?.flight === uri ? running.certificate : undefined;
}

/** Whoever may read the keys of a workspace is its owner: its own server takes that for an administrator's proof. */
function ownToken({ server, password, tokenKeyFile }: Config): string | undefined {
  if (server !== undefined || password !== undefined) return undefined;
  try {
    return ownerToken(tokenKeyFile);
  } catch {
    return undefined; // somebody else's workspace: the server says what it wants to see
  }
}
