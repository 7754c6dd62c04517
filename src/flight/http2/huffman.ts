/**
 * Huffman code of HPACK, RFC 7541 appendix B. The code is canonical: the lengths of the codes are enough.
 * Symbol by symbol, 0 to 256 (the end mark): `a` = 5 bits, `b` = 6 and so on, up to `z` = 30.
 */
const lengths =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjixprpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz';

const endMark = 256;
/** A node is two numbers: what follows a 0 and a 1. Positive: a node; negative: -1 - symbol. */
const tree: number[] = [0, 0];

function buildTree(): void {
  const byLength = [...lengths].map((letter, symbol) => ({ length: letter.charCodeAt(0) - 92, symbol }));
  byLength.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let code = 0;
  let previous = byLength[0]?.length ?? 0;
  for (const { length, symbol } of byLength) {
    code <<= length - previous;
    previous = length;
    insert({ code, length, symbol });
    code++;
  }
}

function insert({ code, length, symbol }: { readonly code: number; readonly length: number; readonly symbol: number }) {
  let node = 0;
  for (let bit = length - 1; bit > 0; bit--) {
    const at = node * 2 + ((code >>> bit) & 1);
    if (tree[at] === 0) {
      tree[at] = tree.length / 2;
      tree.push(0, 0);
    }
    node = tree[at] as number;
  }
  tree[node * 2 + (code & 1)] = -1 - symbol;
}

buildTree();
const nodes = Int32Array.from(tree);

/** The text, one character a byte. Undefined for a code that is none, or padding that is not ones of fewer than 8 bits. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  const out = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / 5));
  let length = 0;
  let node = 0;
  let pending = 0; // bits since the last symbol
  let ones = true; // all of them ones
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    for (let bit = 7; bit >= 0; bit--) {
      const value = (byte >>> bit) & 1;
      const next = nodes[node * 2 + value] as number;
      if (next < 0) {
        if (-1 - next === endMark) return undefined;
        out[length++] = -1 - next;
        node = 0;
        pending = 0;
        ones = true;
      } else {
        node = next;
        pending++;
        ones &&= value === 1;
      }
    }
  }
  return pending > 7 || !ones ? undefined : out.toString('latin1', 0, length);
}
