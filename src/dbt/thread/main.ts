import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadMessage, ThreadRequest, ThreadStart } from './protocol.ts';
import { createRunner } from './runner.ts';

// A thread that runs command lines of dbt, one at a time, on the database its process has open.

const port = parentPort as NonNullable<typeof parentPort>;
const send = (message: ThreadMessage): void => port.postMessage(message);
const runner = createRunner(workerData as ThreadStart, send);
let cancelled = new AbortController();

port.on('message', (request: ThreadRequest) => {
  if (request.type === 'cancel') cancelled.abort();
  else {
    cancelled = new AbortController();
    void runner.run(request.run, cancelled.signal).then((outcome) => send({ type: 'done', outcome }));
  }
});
