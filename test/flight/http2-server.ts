import { encodeHeaders } from '../../src/flight/http2/header-encoder.ts';
import { createHttp2Server } from '../../src/flight/http2/server.ts';
import type { ServerStream } from '../../src/flight/http2/stream.ts';

export interface EchoServer {
  readonly port: number;
  readonly errors: readonly string[];
  connections(): number;
  closeConnections(): void;
  close(): Promise<void>;
}

const limits = {
  streamWindow: 8 << 20,
  connectionWindow: 32 << 20,
  maxFrameSize: 16_384,
  maxConcurrentStreams: 100,
  maxHeaderListSize: 64 << 10,
};

/** Answers each request with its body and with its headers as JSON in `x-headers`, or as `answer` does. */
export async function startEchoServer(answer: (stream: ServerStream) => void = echo): Promise<EchoServer> {
  const errors: string[] = [];
  const server = createHttp2Server({ limits, onStream: answer, onError: (error) => errors.push(error.message) });
  const port = await server.listen('127.0.0.1', 0);
  return {
    port,
    errors,
    connections: server.connections,
    closeConnections: server.closeConnections,
    async close() {
      server.destroyConnections();
      await server.close();
    },
  };
}

function echo(stream: ServerStream): void {
  const headers = Buffer.from(JSON.stringify(stream.headers)).toString('base64');
  stream.respond(encodeHeaders({ ':status': 200, 'content-type': 'application/grpc', 'x-headers': headers }));
  let bytes = 0;
  let unwritten = 0;
  stream.listen({
    data(part) {
      bytes += part.byteLength;
      unwritten++;
      stream.pause();
      stream.write(part, () => --unwritten === 0 && stream.resume());
    },
    end: () => stream.end({ 'x-bytes': bytes }),
  });
}
