import { arrayStructSize } from '../native/c-data.ts';
import { type Address, allocateBlock, memcpy, readPointer } from '../native/memory.ts';
import type { Layout } from '../type-map.ts';
import type { Strings } from './strings.ts';

/** One array of DuckDB's Arrow export, or one of its vectors: where its buffers lie. The memory belongs to the chunk. */
export interface ArrayNode {
  readonly length: number;
  readonly nullCount: number;
  /** Validity first, where the layout has one; 0 = absent. */
  readonly buffers: readonly Address[];
  readonly children: readonly ArrayNode[];
  readonly dictionary: ArrayNode | undefined;
  /** Bytes a value takes, where that may not be what the layout says: a BOOLEAN one, a DECIMAL as many as its digits need. */
  readonly stored: number | undefined;
  /** In the place of offsets and bytes. */
  readonly strings: Strings | undefined;
}

const noNodes: readonly ArrayNode[] = [];
const scratch = allocateBlock(arrayStructSize + 24);
let pointers = allocateBlock(64 * 8);

const childLayouts = (layout: Layout): readonly Layout[] => {
  switch (layout.kind) {
    case 'list':
    case 'fixedSizeList':
      return [layout.item];
    case 'map':
      return [layout.entries];
    case 'struct':
    case 'union':
      return layout.members;
    default:
      return [];
  }
};

const dictionaryLayout: Layout = { kind: 'bytes' };

/** The column arrays of the root struct array at `address`. */
export function readColumns(address: Address, layouts: readonly Layout[]): ArrayNode[] {
  memcpy(scratch.address, address, arrayStructSize);
  return readChildren(readPointer(scratch, 48), layouts);
}

function readChildren(list: Address, layouts: readonly Layout[]): ArrayNode[] {
  if (layouts.length === 0) return [];
  if (pointers.size < layouts.length * 8) pointers = allocateBlock(layouts.length * 16);
  memcpy(pointers.address, list, layouts.length * 8);
  const addresses = layouts.map((_, i) => readPointer(pointers, i * 8));
  return layouts.map((layout, i) => readArray(addresses[i] as Address, layout));
}

function readArray(address: Address, layout: Layout): ArrayNode {
  memcpy(scratch.address, address, arrayStructSize);
  const length = scratch.words[0] as number;
  const nullCount = scratch.words[2] as number;
  const bufferCount = scratch.words[6] as number;
  const bufferList = readPointer(scratch, 40);
  const childList = readPointer(scratch, 48);
  const dictionary = readPointer(scratch, 56);
  memcpy(scratch.address + arrayStructSize, bufferList, bufferCount * 8);
  const buffers: Address[] = [];
  for (let i = 0; i < bufferCount; i++) buffers.push(readPointer(scratch, arrayStructSize + i * 8));
  const layouts = childLayouts(layout);
  return {
    length,
    nullCount,
    buffers,
    children: layouts.length === 0 ? noNodes : readChildren(childList, layouts),
    dictionary: layout.kind === 'dictionary' ? readArray(dictionary, dictionaryLayout) : undefined,
    stored: layout.kind === 'bits' && layout.from === 'int8' ? 1 : undefined,
    strings: undefined,
  };
}
