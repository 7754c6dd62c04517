/** Notes what a text asked for beyond its file and its project, so that what it gave can be used again. */
import type { Dict } from '../manifest-types.ts';
import type { Env } from '../project-types.ts';

/** What one result stands on; undefined = on nothing that may differ from one parse to the next. */
export interface Reads {
  readonly env: ReadonlyMap<string, string | undefined>;
  /** Values as JSON. */
  readonly flags: ReadonlyMap<string, string>;
}

interface Notes {
  readonly env: Map<string, string | undefined>;
  readonly flags: Map<string, string>;
  isSingular: boolean;
}

export class ReadLog {
  #notes: Notes | undefined;
  /** What all of it asked for since the beginning. */
  #whole: Notes = noNotes();

  begin(): void {
    this.#whole = noNotes();
  }

  get whole(): Reads | 'singular' | undefined {
    return readsOf(this.#whole);
  }

  /** Whether a result is being made that may be used again by itself. */
  get isInside(): boolean {
    return this.#notes !== undefined;
  }

  env(name: string, value: string | undefined): void {
    (this.#notes ?? this.#whole).env.set(name, value);
  }

  flag(name: string, value: unknown): void {
    (this.#notes ?? this.#whole).flags.set(name, flagText(value));
  }

  /** The time, an id, a line that is told: the same text must be rendered again every time. */
  singular(): void {
    (this.#notes ?? this.#whole).isSingular = true;
  }

  /** What is told each time, or stands in another file: a result by itself cannot be used again, all of them can. */
  joined(): void {
    if (this.#notes !== undefined) this.#notes.isSingular = true;
  }

  /** Does some work and says what it read; `singular` = it may not be used again. */
  during<T>(work: () => T): { readonly result: T; readonly reads: Reads | 'singular' | undefined } {
    const outer = this.#notes;
    const notes = noNotes();
    this.#notes = notes;
    try {
      const result = work();
      const reads = readsOf(notes);
      this.again(reads);
      return { result, reads };
    } finally {
      this.#notes = outer;
    }
  }

  /** A result that was used, made now or before, read this. */
  again(reads: Reads | 'singular' | undefined): void {
    if (reads === undefined) return;
    if (reads === 'singular') this.#whole.isSingular = true;
    else {
      for (const [name, value] of reads.env) this.#whole.env.set(name, value);
      for (const [name, text] of reads.flags) this.#whole.flags.set(name, text);
    }
  }
}

const noNotes = (): Notes => ({ env: new Map(), flags: new Map(), isSingular: false });

const readsOf = (notes: Notes): Reads | 'singular' | undefined =>
  notes.isSingular ? 'singular' : notes.env.size + notes.flags.size === 0 ? undefined : notes;

const flagText = (value: unknown): string => JSON.stringify(value) ?? 'undefined';

export interface Surroundings {
  readonly env: Env;
  readonly flags: Readonly<Dict>;
}

export function stillReads(reads: Reads | undefined, { env, flags }: Surroundings): boolean {
  if (reads === undefined) return true;
  for (const [name, value] of reads.env) if ((Object.hasOwn(env, name) ? env[name] : undefined) !== value) return false;
  for (const [name, text] of reads.flags)
    if (flagText(Object.hasOwn(flags, name) ? flags[name] : undefined) !== text) return false;
  return true;
}

/** The same entries; each that is looked at is noted. */
export function noted<T extends Readonly<Record<string, unknown>>>(
  entries: T,
  note: (name: string, value: unknown) => void,
): T {
  return new Proxy(entries, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof name === 'string') note(name, Object.hasOwn(target, name) ? value : undefined);
      return value;
    },
  });
}
