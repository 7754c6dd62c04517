import { parseArgs } from 'node:util';
import { playScenario } from './scenarios.ts';

// A program of its own: the server's side of the Arrow project's Flight integration suite.
// node dist/testing/flight-scenarios.js --port N --scenario=NAME

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, scenario: { type: 'string', default: '' } },
});
const { port, server } = await playScenario(values.scenario, Number(values.port));
process.stdout.write(`Server listening on localhost:${port}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void server.close().then(() => process.exit(0));
  });
