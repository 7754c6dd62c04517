import type { Principal } from '../../access/index.ts';
import type { ServerCall } from '../grpc/server-call.ts';
import { decodeBasicAuth, decodeHandshake, encodeHandshake } from '../proto/messages.ts';
import type { ServiceContext } from './context.ts';

/**
 * Handshake: credentials in the `authorization` header or, as old clients do, in a BasicAuth message. The token is in the
 * initial metadata and in the response; with credentials that are good already it changes nothing.
 */
export async function handshake(context: ServiceContext, call: ServerCall): Promise<void> {
  const { authenticator } = context;
  const { authorization } = call.headers;
  if (authorization !== undefined || !authenticator.required) {
    const principal = await authenticator.authenticate(authorization, call.peer);
    const token = grant(context, call, principal);
    for await (const message of call.messages()) {
      const asked = decodeHandshake(message.bytes).byteLength > 0;
      message.release();
      if (asked) await call.send(encodeHandshake(token));
    }
    return call.end();
  }
  for await (const message of call.messages()) {
    const { username, password } = decodeBasicAuth(decodeHandshake(message.bytes));
    message.release();
    const principal = await authenticator.authenticatePassword(username, password, call.peer);
    const token = grant(context, call, principal);
    await call.send(encodeHandshake(token));
  }
  call.end();
}

function grant({ authenticator }: ServiceContext, call: ServerCall, principal: Principal): string {
  const token = authenticator.issueToken(principal);
  call.setInitialMetadata({ authorization: `Bearer ${token}` });
  return token;
}
