import { decodeDescriptor, decodeFlightData, encodeFlightData } from '../../flight/index.ts';
import { invalid, type Scenario } from './scenario.ts';

/** DoExchange: each message comes back as it is, data and metadata, before the next is read. */
export const echoScenario = (): Scenario => ({
  DoExchange: async ({ call }) => {
    let opened = false;
    for await (const { bytes, release } of call.messages()) {
      const { descriptor, header, body, appMetadata } = decodeFlightData(Buffer.from(bytes));
      release();
      if (!opened) checkDescriptor(descriptor);
      opened = true;
      if (header.byteLength > 0 || appMetadata.byteLength > 0)
        await call.sendFramed(encodeFlightData({ header, body, appMetadata }));
    }
    call.end();
  },
});

function checkDescriptor(bytes: Uint8Array | undefined): void {
  const command = bytes === undefined ? undefined : Buffer.from(decodeDescriptor(bytes).cmd).toString('utf8');
  if (command !== 'echo') throw invalid(`unknown command of DoExchange: ${command}`);
}
