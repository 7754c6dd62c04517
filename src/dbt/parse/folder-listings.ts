/** What is in the folders of a project, kept while their entries in the file system are as they were. */
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { tickMs } from './file-tokens.ts';
import type { FoundFile } from './found-file.ts';

/** A folder or a file below a folder. */
export interface Entry {
  readonly name: string;
  /** Undefined for a folder. */
  readonly file: FoundFile | undefined;
}

interface Listing {
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** When it was read, in milliseconds since 1970. */
  readonly seenMs: number;
  /** What links lead to may change without the folder. */
  readonly hasLinks: boolean;
  readonly entries: readonly Entry[];
}

/** What an entry is to the project; undefined = nothing. */
export type Sort = (entry: Dirent) => Entry | undefined;

export class FolderListings {
  readonly #known = new Map<string, Listing>();

  /** The entries by name. `key` names the folder and what its files are for; a file that stays is the same object. */
  entriesOf(key: string, absolute: string, sort: Sort): readonly Entry[] {
    const known = this.#known.get(key);
    const seenMs = Date.now();
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true) return []; // a configured folder need not exist
    if (known !== undefined && !known.hasLinks && isSame(known, stats)) return known.entries;
    const found = readFolder(absolute);
    const { ino, mtimeMs, ctimeMs } = stats;
    const entries = keepFiles(known?.entries ?? [], found.map(sort));
    const hasLinks = found.some((entry) => entry.isSymbolicLink());
    this.#known.set(key, { ino, mtimeMs, ctimeMs, seenMs, hasLinks, entries });
    return entries;
  }
}

function readFolder(absolute: string): Dirent[] {
  try {
    return readdirSync(absolute, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // not readable, or gone by now
  }
}

/** Two changes within one tick of the file system's clock look like one. */
const isSame = (known: Listing, { ino, mtimeMs, ctimeMs }: Stats): boolean =>
  known.ino === ino &&
  known.mtimeMs === mtimeMs &&
  known.ctimeMs === ctimeMs &&
  Math.max(mtimeMs, ctimeMs) < known.seenMs - tickMs;

function keepFiles(earlier: readonly Entry[], found: readonly (Entry | undefined)[]): Entry[] {
  const files = new Map(earlier.filter(({ file }) => file !== undefined).map((entry) => [entry.name, entry]));
  return found
    .filter((entry) => entry !== undefined)
    .map((entry) => (entry.file === undefined ? entry : (files.get(entry.name) ?? entry)));
}
