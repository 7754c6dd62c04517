import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commandDescriptor,
  decodeFlightInfo,
  decodePollInfo,
  decodeRenewRequest,
  encodeFlightInfo,
  encodePollInfo,
  encodeRenewRequest,
  type FlightInfo,
} from '../../src/flight/proto/messages.ts';
import {
  decodeOptionErrors,
  decodeSessionOptions,
  encodeOptionErrors,
  encodeSessionOptions,
} from '../../src/flight/proto/session-messages.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const expirationTime = new Date('2026-02-03T04:05:06.789Z');
const endpoint = { ticket: Buffer.from('t'), locations: ['grpc://a:1'], expirationTime, appMetadata: Buffer.from('m') };
const info: FlightInfo = {
  schema: undefined,
  descriptor: commandDescriptor('c'),
  endpoints: [endpoint],
  totalRecords: -1,
  totalBytes: -1,
  ordered: true,
  appMetadata: Buffer.from('x'),
};

test('endpoints keep their expiry and metadata', () => {
  assert.deepEqual(decodeFlightInfo(encodeFlightInfo(info)).endpoints, [endpoint]);
  assert.deepEqual(decodeRenewRequest(encodeRenewRequest(endpoint)), endpoint);
  const before1970 = { ...endpoint, expirationTime: new Date(-1) };
  assert.deepEqual(decodeRenewRequest(encodeRenewRequest(before1970)), before1970);
});

test('PollInfo keeps what it has, a progress of zero too', () => {
  const poll = { info: decodeFlightInfo(encodeFlightInfo(info)), descriptor: undefined, progress: 0, expirationTime };
  assert.deepEqual(decodePollInfo(encodePollInfo(poll)), poll);
  const open = { info: poll.info, descriptor: commandDescriptor('again'), progress: 0.25 };
  assert.deepEqual(decodePollInfo(encodePollInfo(open)), open);
  assert.equal(decodePollInfo(encodePollInfo({ ...open, progress: undefined })).progress, undefined);
});

test('session options of every type, and none, come back as they were', () => {
  const options = new Map<string, undefined | string | boolean | bigint | number | readonly string[]>([
    ['text', 'é'],
    ['empty', ''],
    ['yes', true],
    ['no', false],
    ['int', -(2n ** 63n)],
    ['double', -1.5],
    ['list', ['a', '']],
    ['nothing', undefined],
  ]);
  assert.deepEqual(decodeSessionOptions(encodeSessionOptions(options)), options);
  // As the C++ client writes {"a": 1}: int64_value is a sfixed64.
  assert.equal(hex(encodeSessionOptions(new Map([['a', 1n]]))), '0a0e0a01611209190100000000000000');
  const errors = new Map([['a', 2]]);
  assert.deepEqual(decodeOptionErrors(encodeOptionErrors(errors)), errors);
});
