/**
 * The server's side of HTTP/2 (RFC 9113 and 7541), as much of it as gRPC needs: node:http2 costs a small call more than the
 * statement it carries. `server.ts` accepts, `connection.ts` reads frames, `sender.ts` shares the socket among the streams.
 */
export { encodeHeaders, type OutgoingHeaders } from './header-encoder.ts';
export { type ErrorCode, errorCodes } from './protocol.ts';
export type { IncomingHeaders } from './request-headers.ts';
export { createHttp2Server, type Http2Server, type PeerConnection } from './server.ts';
export type { ServerStream } from './stream.ts';
