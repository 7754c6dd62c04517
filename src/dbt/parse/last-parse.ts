/**
 * The whole of the last parse, for when hardly anything is another since. What is in it is handed out as copies only,
 * and it is used once: whoever takes it puts back what stands after his own parse.
 */
import { type ReadLog, type Reads, type Surroundings, stillReads } from '../context/reads.ts';
import type { DbtManifest } from '../manifest-types.ts';
import type { DbtGraph, ParseWarning } from '../project-types.ts';
import type { FileTokens } from './file-tokens.ts';
import type { FoundFile, PackageFiles } from './files.ts';
import { keptMembers } from './member-copies.ts';

export type FilesByPackage = ReadonlyMap<string, PackageFiles>;

export interface WholeParse {
  readonly files: FilesByPackage;
  /** When its files were looked at. */
  readonly round: number;
  readonly reads: Reads | undefined;
  /** What is told each time. */
  readonly warnings: readonly ParseWarning[];
  readonly manifest: DbtManifest;
  readonly graph: DbtGraph;
}

type Part = Readonly<Record<string, object>>;

export class LastParse {
  readonly #files: FileTokens;
  readonly #reads: ReadLog;
  readonly #kept: (manifest: DbtManifest) => DbtManifest;
  #around: Surroundings = { env: {}, flags: {} };
  #told: ParseWarning[] = [];
  #whole: WholeParse | undefined;
  #manifest: DbtManifest | undefined;
  /** What was handed out as a copy of the manifest. */
  #given: DbtManifest | undefined;

  constructor(files: FileTokens, reads: ReadLog, kept: (manifest: DbtManifest) => DbtManifest) {
    this.#files = files;
    this.#reads = reads;
    this.#kept = kept;
  }

  begin(around: Surroundings): void {
    this.#around = around;
    this.#told = [];
  }

  forget(): void {
    this.#whole = undefined;
    this.#manifest = undefined;
    this.#given = undefined;
  }

  /** The last parse and the files that have changed since, if its files are those and what it asked for is as it was. */
  take(files: FilesByPackage): { readonly last: WholeParse; readonly changed: readonly FoundFile[] } | undefined {
    const last = this.#whole;
    this.#whole = undefined;
    if (last === undefined || !stillReads(last.reads, this.#around) || !areSameFiles(last.files, files))
      return undefined;
    const changed = watchedFiles(files).filter(({ absolute }) => this.#files.look(absolute).changed > last.round);
    return { last, changed };
  }

  /** A parse of everything begins: looks at the files that it reads without the memo. */
  beginAll(files: FilesByPackage): void {
    this.#told = [];
    for (const { fixtures, functions } of files.values())
      for (const { absolute } of [...fixtures, ...functions]) this.#files.look(absolute).text = undefined;
  }

  /** A parse of everything told something; what is not of a kept result is told each time. */
  told(warning: ParseWarning): void {
    if (!this.#reads.isInside) this.#told.push(warning);
  }

  get hasTold(): boolean {
    return this.#told.length > 0;
  }

  /** A parse of everything is done; its manifest is about to be handed out. */
  keepAll(files: FilesByPackage, given: DbtManifest, graph: DbtGraph): void {
    const { whole: reads } = this.#reads;
    const manifest = this.#kept(this.#copyOf(given));
    const isUsable = reads !== 'singular' && graph.cycle === undefined && isTimeless(given);
    const round = this.#files.round;
    this.#whole = isUsable ? { files, round, reads, warnings: this.#told, manifest, graph } : undefined;
    this.#manifest = manifest;
    this.#given = given;
  }

  /** The parse that was taken, as it is now; copies of it are handed out. */
  keepAgain(whole: WholeParse, given: DbtManifest): void {
    this.#reads.again(whole.reads);
    const { whole: reads } = this.#reads;
    const manifest = this.#kept(whole.manifest);
    this.#whole = reads === 'singular' ? undefined : { ...whole, manifest, reads, round: this.#files.round };
    this.#manifest = manifest;
    this.#given = given;
  }

  /** What a manifest that was just handed out is a copy of: nobody changes that. */
  keptOf(given: DbtManifest): DbtManifest | undefined {
    if (given !== this.#given || this.#manifest === undefined) return undefined;
    return { ...this.#manifest, metadata: given.metadata, selectors: given.selectors };
  }

  /** Members of the manifest before, as far as they would be the same. */
  #copyOf(given: DbtManifest): DbtManifest {
    const earlier = (this.#manifest ?? {}) as unknown as Readonly<Record<string, Part>>;
    const kept = { ...given } as DbtManifest & Record<string, Part>;
    for (const key of Object.keys(given))
      if (key !== 'metadata' && key !== 'selectors') kept[key] = keptMembers(kept[key] as Part, earlier[key] ?? {});
    return kept;
  }
}

/** Macros aside: with others nothing is used again. */
const watchedFiles = (files: FilesByPackage): FoundFile[] =>
  [...files.values()].flatMap(({ macros: _macros, genericTests: _tests, ...others }) => Object.values(others).flat());

/** Whether nothing in it is told because of the time. */
function isTimeless({ nodes }: DbtManifest): boolean {
  for (const id in nodes) if (nodes[id]?.deprecation_date) return false;
  return true;
}

function areSameFiles(a: FilesByPackage, b: FilesByPackage): boolean {
  if (a.size !== b.size) return false;
  for (const [name, files] of a) {
    const others = b.get(name);
    if (others === undefined) return false;
    for (const kind of Object.keys(files) as (keyof PackageFiles)[])
      if (!areSame(files[kind], others[kind])) return false;
  }
  return true;
}

function areSame(a: readonly FoundFile[], b: readonly FoundFile[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
