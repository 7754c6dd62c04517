/** Bytes that were made for one table, and where its name stands in them: they do for others whose names are as long. */
export interface Stencil {
  readonly bytes: Uint8Array;
  readonly places: readonly number[];
  readonly length: number;
}

/**
 * Found by making them for two names that differ in every byte. Undefined where the two come out differently in more than
 * the name, as when something else has that very text.
 */
export function stencilOf(make: (name: string) => Uint8Array, length: number): Stencil | undefined {
  if (length === 0) return undefined;
  const [bytes, other] = ['a', 'b'].map((letter) => make(letter.repeat(length))) as [Uint8Array, Uint8Array];
  if (bytes.byteLength !== other.byteLength) return undefined;
  const places: number[] = [];
  for (let at = 0; at < bytes.byteLength; at++) {
    if (bytes[at] === other[at]) continue;
    for (let i = at; i < at + length; i++) if (bytes[i] !== 97 || other[i] !== 98) return undefined;
    places.push(at);
    at += length - 1;
  }
  return { bytes, places, length };
}

/** `name` has as many bytes as the stencil's. */
export function stencilled({ bytes, places }: Stencil, name: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (const place of places) copy.set(name, place);
  return copy;
}
