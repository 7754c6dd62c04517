import { DuckhouseError } from '../errors.ts';

/** Encapsulated messages of the IPC stream format: a continuation marker, a length, the flatbuffer, then the body. */
const continuation = 0xffffffff;

/** `metadata` with its marker and length, padded so that what follows is 8-aligned. */
export function encapsulate(metadata: Uint8Array): Uint8Array {
  const length = (metadata.byteLength + 7) & ~7;
  const bytes = new Uint8Array(8 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, continuation, true);
  view.setInt32(4, length, true);
  bytes.set(metadata, 8);
  return bytes;
}

export const endOfStream: Uint8Array = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);

/** The flatbuffer of one encapsulated message; the framing before Arrow 0.15, without the marker, is read too. */
export function decapsulate(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marked = bytes.byteLength >= 8 && view.getUint32(0, true) === continuation;
  const start = marked ? 8 : 4;
  const length = bytes.byteLength < start ? -1 : view.getInt32(start - 4, true);
  if (length <= 0 || start + length > bytes.byteLength) {
    throw new DuckhouseError(
      'DataInvalid',
      `an encapsulated Arrow message of ${bytes.byteLength} bytes declares ${length}`,
    );
  }
  return bytes.subarray(start, start + length);
}
