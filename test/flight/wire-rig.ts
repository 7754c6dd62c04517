import { after, afterEach, before } from 'node:test';
import { type RunningServer, runServer } from './running-server.ts';
import { type WireClient, wireClient } from './wire-client.ts';

export interface WireRig {
  /** Runs from the first test to the last. */
  readonly running: RunningServer;
  /** A client with a connection of its own, until the test ends; headers that it sends. */
  connect(headers?: Readonly<Record<string, string>>): WireClient;
}

/** A server for the tests of a file, asked message by message. */
export function wireRig(): WireRig {
  let running: RunningServer;
  const open: WireClient[] = [];
  before(async () => {
    running = await runServer();
  });
  afterEach(() => {
    for (const client of open.splice(0)) client.close();
  });
  after(() => running.close());
  return {
    get running() {
      return running;
    },
    connect(headers) {
      const client = wireClient(running.port, headers);
      open.push(client);
      return client;
    },
  };
}
