import { openEngine } from '../../src/engine/index.ts';
import { connectFlight, type OutgoingBatch, pathDescriptor } from '../../src/flight/index.ts';

/** A client that puts for ever into the table `killed` of the server given; it says when it is well under way. */
const engine = await openEngine({ database: ':memory:' });
const { schema, batches } = await engine.query("SELECT i, 'some filling ' || i AS s FROM range(10000000000) t(i)");

async function* counted(): AsyncGenerator<OutgoingBatch> {
  let sent = 0;
  for await (const batch of batches) {
    yield batch;
    if (++sent === 40) process.stdout.write('under way\n');
  }
}

await connectFlight({ uri: process.argv[2] as string }).doPut(pathDescriptor(['killed']), {
  schema,
  batches: counted(),
});
