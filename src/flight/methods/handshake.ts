import { randomBytes } from 'node:crypto';
import type { Credentials, Principal } from '../../access/index.ts';
import type { ServiceContext } from '../calls/context.ts';
import type { ServerCall } from '../grpc/server-call.ts';
import { decodeBasicAuth, decodeHandshake, encodeHandshake } from '../proto/messages.ts';

/**
 * Handshake: credentials in the `authorization` header or, as old clients do, in a BasicAuth message. The token is in the
 * initial metadata, in the trailers and in the response; with credentials that are good already it changes nothing.
 */
export async function handshake(context: ServiceContext, call: ServerCall): Promise<void> {
  const { authenticator } = context;
  const shown = credentialsOf(call);
  if (shown.authorization !== undefined) {
    grant(context, call, await authenticator.authenticate(shown));
    return call.end(); // old clients of Arrow Go end their side when they have been answered
  }
  if (shown.certificate !== undefined || !authenticator.required) {
    const principal = await authenticator.authenticate(shown);
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

/** What the caller shows: a header, or the certificate of its connection. */
export const credentialsOf = ({ headers, certificate, peer }: ServerCall): Credentials => ({
  authorization: headers.authorization,
  certificate,
  peer,
});

function grant({ authenticator }: ServiceContext, call: ServerCall, principal: Principal): string {
  const token = authenticator.issueToken(principal, { session: randomBytes(16).toString('hex') });
  const authorization = `Bearer ${token}`;
  call.setInitialMetadata({ authorization });
  call.setTrailers({ authorization }); // where some clients look for it
  return token;
}
