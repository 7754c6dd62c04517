/** Tells whether files are as they were: by their entry in the file system where that is certain, else by content. */
import { createHash } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';

export interface TrackedFile {
  size: number;
  ino: number;
  mtimeMs: number;
  ctimeMs: number;
  /** When it was looked at, in milliseconds since 1970. */
  seenMs: number;
  /** Equal for equal content; `absent` for what cannot be read. */
  token: string;
  /** The round in which it was last asked for. */
  round: number;
  /** The round in which its token was last found to be another. */
  changed: number;
  /** The text, for who asked while it was read. */
  text: string | undefined;
  /** What was made of it, by kind. */
  readonly made: Map<string, unknown>;
}

/** A file may change twice within one tick of its file system's clock, which may be as long as two seconds. */
export const tickMs = 2100;
/** Larger files are known by their entry alone. */
const maxReadBytes = 4 << 20;

export class FileTokens {
  readonly #files = new Map<string, TrackedFile>();
  #round = 0;
  #nowMs = 0;
  #version = 0;

  /** A new look at all files. */
  begin(): void {
    this.#round++;
    this.#nowMs = Date.now();
  }

  /** Forgets files that nobody asked for in this round. */
  end(): void {
    for (const [absolute, { round }] of this.#files) {
      if (round === this.#round) continue;
      this.#files.delete(absolute);
      this.#version++;
    }
  }

  clear(): void {
    for (const file of this.#files.values()) file.made.clear();
  }

  get round(): number {
    return this.#round;
  }

  /** Another number whenever files have come or gone. */
  get version(): number {
    return this.#version;
  }

  folders(): ReadonlySet<string> {
    return new Set([...this.#files.keys()].map((absolute) => path.dirname(absolute)));
  }

  /** The file as it is now. `again`: its content is read whatever is known. */
  look(absolute: string, again = false): TrackedFile {
    let file = this.#files.get(absolute);
    if (file === undefined) {
      file = { ...unseen, round: 0, changed: this.#round, made: new Map() };
      this.#files.set(absolute, file);
      this.#version++;
    } else if (file.round === this.#round && !again) return file;
    file.round = this.#round;
    file.text = undefined;
    const { token } = file;
    this.#read(absolute, file, again);
    if (file.token !== token) file.changed = this.#round;
    return file;
  }

  #read(absolute: string, file: TrackedFile, again: boolean): void {
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats === undefined) Object.assign(file, unseen);
    else if (again || !isSame(file, stats)) {
      // Read after its entry was: what changes between the two is seen the next time.
      if (stats.size > maxReadBytes) file.token = entryToken(stats);
      else readContent(absolute, file);
      file.size = stats.size;
      file.ino = stats.ino;
      file.mtimeMs = stats.mtimeMs;
      file.ctimeMs = stats.ctimeMs;
      file.seenMs = this.#nowMs;
    }
  }
}

const unseen: Omit<TrackedFile, 'made' | 'round' | 'changed'> = {
  size: -1,
  ino: 0,
  mtimeMs: 0,
  ctimeMs: 0,
  seenMs: 0,
  token: 'absent',
  text: undefined,
};

function readContent(absolute: string, file: TrackedFile): void {
  try {
    const bytes = readFileSync(absolute);
    file.token = createHash('sha1').update(bytes).digest('base64');
    file.text = bytes.toString('utf8');
  } catch {
    file.token = 'absent';
  }
}

const isSame = (known: TrackedFile, { size, ino, mtimeMs, ctimeMs }: Stats): boolean =>
  known.size === size &&
  known.ino === ino &&
  known.mtimeMs === mtimeMs &&
  known.ctimeMs === ctimeMs &&
  Math.max(mtimeMs, ctimeMs) < known.seenMs - tickMs;

const entryToken = ({ size, ino, mtimeMs, ctimeMs }: Stats): string => `${size} ${ino} ${mtimeMs} ${ctimeMs}`;
