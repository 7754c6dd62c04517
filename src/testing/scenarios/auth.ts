import { DuckhouseError } from '../../errors.ts';
import {
  type Called,
  decodeBasicAuth,
  decodeHandshake,
  encodeHandshake,
  encodeResult,
  streaming,
} from '../../flight/index.ts';
import type { Scenario } from './scenario.ts';

const username = 'arrow';
const password = 'flight';

/** A BasicAuth message in the handshake gives a token, which clients send in `auth-token-bin` from then on. */
export const basicProtoScenario = (): Scenario => ({
  Handshake: async ({ call }) => {
    for await (const message of call.messages()) {
      const given = decodeBasicAuth(decodeHandshake(message.bytes));
      message.release();
      if (given.username !== username || given.password !== password) throw unauthenticated();
      await call.send(encodeHandshake(username));
    }
    call.end();
  },
  DoAction: streaming(({ call }: Called) => {
    const header = call.headers['auth-token-bin'];
    const token = Buffer.from(typeof header === 'string' ? header : '', 'base64').toString('utf8');
    if (token !== username) throw unauthenticated();
    return [encodeResult(token)];
  }),
});

const unauthenticated = (): DuckhouseError => new DuckhouseError('Unauthenticated', 'invalid token');
