import { koffi, uninterrupted } from './koffi.ts';

/**
 * Native memory seen from JavaScript. Addresses are plain numbers: user space fits 48 bits, and a number crosses
 * the foreign-function border several times faster than a BigInt or a koffi object.
 */
export type Address = number;

const libc = uninterrupted(() =>
  loadFirst(
    { darwin: ['libSystem.dylib'], win32: ['msvcrt.dll'] }[process.platform as string] ?? [
      'libc.so.6',
      `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`,
    ],
  ),
);

function loadFirst(names: readonly string[]): ReturnType<typeof koffi.load> {
  for (const name of names.slice(0, -1)) {
    try {
      return koffi.load(name);
    } catch {
      // Another C library than this one: the next name is tried, the last one reports its failure.
    }
  }
  return koffi.load(names.at(-1) as string);
}

/** Copies `length` bytes between addresses: the only way data moves on the hot path (a koffi view costs 10 times more). */
export const memcpy = libc.func('memcpy', 'void', ['uint64_t', 'uint64_t', 'size_t']) as (
  destination: Address,
  source: Address,
  length: number,
) => void;
const nativeMalloc = libc.func('malloc', 'uint64_t', ['size_t']) as (size: number) => number | bigint;
const nativeFree = libc.func('free', 'void', ['uint64_t']) as (address: Address) => void;
const strlen = libc.func('strlen', 'size_t', ['uint64_t']) as (address: Address) => number | bigint;

export function malloc(size: number): Address {
  const address = Number(nativeMalloc(size));
  if (address === 0) throw new RangeError(`cannot allocate ${size} bytes`);
  return address;
}
export const free = (address: Address): void => nativeFree(address);

/** Memory with a fixed address that any thread may use: a SharedArrayBuffer never moves. */
export interface Block {
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly address: Address;
  readonly size: number;
}

export function wrapBlock(buffer: SharedArrayBuffer): Block {
  const bytes = new Uint8Array(buffer);
  const words = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
  return { buffer, bytes, words, address: addressOf(bytes), size: buffer.byteLength };
}

export const allocateBlock = (size: number): Block => wrapBlock(new SharedArrayBuffer((size + 7) & ~7));

/** Good while `bytes` is referenced; its memory is outside the JavaScript heap from now on. */
export const addressOf = (bytes: Uint8Array): Address => (bytes.byteLength === 0 ? 0 : Number(koffi.address(bytes)));

export const readPointer = (block: Block, offset: number): Address =>
  (block.words[offset >> 2] as number) + (block.words[(offset >> 2) + 1] as number) * 2 ** 32;

export function writePointer(block: Block, offset: number, value: Address): void {
  block.words[offset >> 2] = value >>> 0;
  block.words[(offset >> 2) + 1] = Math.floor(value / 2 ** 32);
}

/** A copy of `length` bytes of native memory. */
export function readBytes(address: Address, length: number): Buffer {
  const copy = Buffer.from(new ArrayBuffer(length));
  if (length > 0) memcpy(addressOf(copy), address, length);
  return copy;
}

/** The NUL-terminated UTF-8 text at `address`; empty for a null pointer. */
export const readCString = (address: Address): string =>
  address === 0 ? '' : readBytes(address, Number(strlen(address))).toString('utf8');

/**
 * A native function that does nothing, safe as an Arrow release callback from any DuckDB thread; a JavaScript one is not.
 * DuckDB accepts a callback that leaves `release` set.
 */
export const nativeNoop: Address = (() => {
  if (process.platform === 'win32') {
    const kernel = koffi.load('kernel32.dll');
    const module = kernel.func('GetModuleHandleA', 'uint64_t', ['str'])('msvcrt.dll');
    return Number(kernel.func('GetProcAddress', 'uint64_t', ['uint64_t', 'str'])(module, 'labs'));
  }
  const dlsym = libc.func('dlsym', 'uint64_t', ['int64_t', 'str']);
  return Number(dlsym(process.platform === 'darwin' ? -2 : 0, 'labs'));
})();
