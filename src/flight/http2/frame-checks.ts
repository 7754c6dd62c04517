import { ConnectionError, errorCodes, type FrameHeader, frameFlags, frameTypes } from './protocol.ts';

const ofStreams = new Set<number>([
  frameTypes.DATA,
  frameTypes.HEADERS,
  frameTypes.PRIORITY,
  frameTypes.RST_STREAM,
  frameTypes.CONTINUATION,
]);
const ofConnections = new Set<number>([frameTypes.SETTINGS, frameTypes.PING, frameTypes.GOAWAY]);
const fixedLengths: Readonly<Record<number, number>> = {
  [frameTypes.PRIORITY]: 5,
  [frameTypes.RST_STREAM]: 4,
  [frameTypes.PING]: 8,
  [frameTypes.WINDOW_UPDATE]: 4,
};

/** What is wrong with a frame whatever the state of its connection: throws ConnectionError (RFC 9113, section 6). */
export function checkFrame({ type, flags, streamId, length }: FrameHeader, maxFrameSize: number): void {
  if (length > maxFrameSize) throw new ConnectionError(errorCodes.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
  if (type === frameTypes.PUSH_PROMISE) throw new ConnectionError(errorCodes.PROTOCOL_ERROR, 'a client does not push');
  if (streamId === 0 ? ofStreams.has(type) : ofConnections.has(type))
    throw new ConnectionError(errorCodes.PROTOCOL_ERROR, `a frame of type ${type} on stream ${streamId}`);
  const wanted = fixedLengths[type];
  const wrong =
    type === frameTypes.SETTINGS
      ? length % 6 !== 0 || ((flags & frameFlags.ACK) !== 0 && length > 0)
      : wanted !== undefined && length !== wanted;
  if (wrong) throw new ConnectionError(errorCodes.FRAME_SIZE_ERROR, `a frame of type ${type} with ${length} bytes`);
}
