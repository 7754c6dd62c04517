import { buildBatch } from '../../arrow/index.ts';
import { DuckhouseError } from '../../errors.ts';
import {
  type Called,
  commandDescriptor,
  decodeDescriptor,
  decodeTicket,
  encodeFlightInfo,
  encodePollInfo,
  type FlightDescriptor,
  type FlightInfo,
  unary,
} from '../../flight/index.ts';
import { infoOf, numberSchema, type Scenario, sendStream } from './scenario.ts';

const getInfo = (answer: (descriptor: FlightDescriptor, called: Called) => FlightInfo): Scenario => ({
  GetFlightInfo: unary((called: Called, message) => encodeFlightInfo(answer(decodeDescriptor(message), called))),
});
const isCommand = ({ type, cmd }: FlightDescriptor, text: string): boolean =>
  type === 'CMD' && Buffer.from(cmd).toString('utf8') === text;

/** The header `x-middleware` comes back, on calls that fail as well. */
export const middlewareScenario = (): Scenario =>
  getInfo((descriptor, { call }) => {
    const received = call.headers['x-middleware'];
    call.setInitialMetadata({ 'x-middleware': typeof received === 'string' ? received : '' });
    if (!isCommand(descriptor, 'success')) throw new DuckhouseError('Internal', 'unknown');
    const endpoints = [{ ticket: Buffer.from('foo'), locations: ['grpc+tcp://localhost:10010'] }];
    return infoOf(descriptor, { fields: [] }, { endpoints });
  });

const orderedNumbers: Readonly<Record<string, readonly number[]>> = {
  1: [1, 2, 3],
  2: [10, 20, 30],
  3: [100, 200, 300],
};
const numbersSchema = numberSchema(true);

/** Three endpoints that are to be read in order. */
export const orderedScenario = (): Scenario => ({
  ...getInfo((descriptor) =>
    infoOf(descriptor, numbersSchema, {
      endpoints: Object.keys(orderedNumbers).map((ticket) => ({ ticket: Buffer.from(ticket), locations: [] })),
      ordered: isCommand(descriptor, 'ordered'),
    }),
  ),
  DoGet: async ({ call }) => {
    const ticket = Buffer.from(decodeTicket(await call.message())).toString('utf8');
    const numbers = orderedNumbers[ticket];
    if (numbers === undefined) throw new DuckhouseError('NotFound', `no such ticket: ${ticket}`);
    await sendStream(call, numbersSchema, [buildBatch(numbersSchema, [numbers])]);
  },
});

/** The location that means the connection the info came over. */
export const reuseConnectionScenario = (): Scenario =>
  getInfo((descriptor) =>
    infoOf(
      descriptor,
      { fields: [] },
      { endpoints: [{ ticket: Buffer.from('reuse'), locations: ['arrow-flight-reuse-connection://?'] }] },
    ),
  );

/** Metadata of the info and of its endpoint. */
export const appMetadataScenario = (): Scenario =>
  getInfo((descriptor) =>
    infoOf(descriptor, numberSchema(false), {
      endpoints: [{ ticket: new Uint8Array(0), locations: [], appMetadata: descriptor.cmd }],
      appMetadata: descriptor.cmd,
    }),
  );

const pollExpiryMs = 10_000;

/** A query that has to be asked for twice. */
export const pollScenario = (): Scenario => ({
  PollFlightInfo: unary((_: Called, message) => {
    const descriptor = decodeDescriptor(message);
    const info = infoOf(descriptor, numberSchema(false), {
      endpoints: [{ ticket: Buffer.from('long-running query'), locations: [] }],
    });
    if (isCommand(descriptor, 'poll')) return encodePollInfo({ info, descriptor: undefined, progress: 1 });
    return encodePollInfo({
      info,
      descriptor: commandDescriptor('poll'),
      progress: 0.1,
      expirationTime: new Date(Date.now() + pollExpiryMs),
    });
  }),
});
