/** Characters that a thread may be ahead of who reads what it tells. */
const limit = 8 << 20;
/** Longer texts are told in pieces. */
const pieceLength = 1 << 20;

export const newBacklog = (): SharedArrayBuffer => new SharedArrayBuffer(4);

/** Tells texts to another thread, and waits while that has too many of them. */
export function backlogWriter(memory: SharedArrayBuffer, send: (text: string) => void): (text: string) => void {
  const backlog = new Int32Array(memory);
  return (text) => {
    for (const piece of pieces(text)) {
      send(piece);
      Atomics.add(backlog, 0, piece.length);
      for (let ahead = Atomics.load(backlog, 0); ahead > limit; ahead = Atomics.load(backlog, 0))
        Atomics.wait(backlog, 0, ahead);
    }
  };
}

/** The other thread has so much less to wait for. */
export function takeFromBacklog(memory: SharedArrayBuffer, text: string): void {
  const backlog = new Int32Array(memory);
  Atomics.sub(backlog, 0, text.length);
  Atomics.notify(backlog, 0);
}

function* pieces(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + pieceLength, text.length);
    // A letter of two halves stays whole.
    if (to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to++;
    yield text.slice(from, to);
    from = to;
  }
}
