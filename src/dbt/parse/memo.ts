/**
 * What parsing made of each file, kept for the next parse of the same project. Reading, rendering and configuring are
 * what parsing spends its time on, and each depends on little: the file, the project as a whole (its stamp), and what
 * the text asked for while it was rendered. Whatever joins files to one another is done again every time.
 * Kept nodes are never handed out: a parse and the run after it change copies.
 */

import { ReadLog, type Reads, type Surroundings, stillReads } from '../context/reads.ts';
import type { MacroNode, ManifestNode } from '../manifest-types.ts';
import type { ConfigCalls } from './config-calls.ts';
import { FileTokens } from './file-tokens.ts';
import type { FoundFile } from './files.ts';
import { FolderListings } from './folder-listings.ts';
import { LastParse } from './last-parse.ts';
import { MemberTexts } from './member-texts.ts';

/** A node as its file made it, before anything else was known. */
export interface KeptNode {
  readonly node: ManifestNode;
  readonly calls: ConfigCalls | undefined;
}

interface Kept<T> {
  readonly token: string;
  readonly reads: Reads | undefined;
  readonly value: T;
}

/** A node with its YAML properties, and the tests that those made. */
interface KeptEntry {
  readonly base: KeptNode;
  readonly reads: Reads | undefined;
  readonly value: DescribedNode;
}

export interface DescribedNode {
  readonly node: ManifestNode;
  readonly tests: readonly ManifestNode[];
}

export interface MemoOptions {
  /** Kept values are frozen: whoever changes one fails. For tests. */
  readonly freeze?: boolean;
}

export class ParseMemo {
  readonly reads = new ReadLog();
  readonly listings = new FolderListings();
  /** JSON of the members of the manifest that was written last. */
  readonly texts = new MemberTexts();
  /** The last parse as a whole. */
  readonly last: LastParse;
  readonly #files = new FileTokens();
  readonly #freeze: boolean;
  #entries = new WeakMap<object, KeptEntry>();
  #rendered = new WeakMap<object, Kept<unknown>>();
  readonly #origins = new Map<ManifestNode, KeptNode>();
  #macros: readonly MacroNode[] | undefined;
  #stamp = '';
  #around: Surroundings = { env: {}, flags: {} };

  constructor({ freeze = false }: MemoOptions = {}) {
    this.#freeze = freeze;
    this.last = new LastParse(this.#files, this.reads, (manifest) => this.#kept(manifest));
  }

  /** A parse begins; `stampOf` tells what all of it stands on. With another stamp than before nothing is used again. */
  begin(around: Surroundings, stampOf: (token: (absolute: string) => string) => string): void {
    this.#around = around;
    this.#origins.clear();
    this.#files.begin();
    this.reads.begin();
    this.last.begin(around);
    const stamp = stampOf((absolute) => this.#files.look(absolute).token);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#files.clear();
    this.#entries = new WeakMap();
    this.#rendered = new WeakMap();
    this.#macros = undefined;
    this.last.forget();
  }

  /** The node that is all that was made of a file. */
  onlyNodeOf(kind: string, file: FoundFile): KeptNode | undefined {
    const { made } = this.#files.look(file.absolute);
    const nodes = (made.get(kind) as Kept<readonly KeptNode[]> | undefined)?.value;
    return made.size === 1 && nodes?.length === 1 ? nodes[0] : undefined;
  }

  /** What was made of a file last, of whatever content. */
  lastOf<T>(kind: string, file: FoundFile): T | undefined {
    return (this.#files.look(file.absolute).made.get(kind) as Kept<T> | undefined)?.value;
  }

  /** A parse succeeded: what it did not use is of files that are gone. */
  end(): void {
    this.#files.end();
    this.#origins.clear();
  }

  /** Another number whenever the files of the project are others. */
  get filesVersion(): number {
    return this.#files.version;
  }

  /** Where the files are that the last parse looked at. */
  folders(): ReadonlySet<string> {
    return this.#files.folders();
  }

  /** All macros, linked to one another, to be changed freely: their files are part of the stamp. */
  macros(read: () => readonly MacroNode[]): readonly MacroNode[] {
    this.#macros ??= this.#kept(read().map(copyMacro));
    return this.#macros.map(copyMacro);
  }

  /** What `make` makes of a file; `kind` tells apart what is made of the same one. */
  ofFile<T>(kind: string, file: FoundFile, make: (file: FoundFile) => T): T {
    let found = this.#files.look(file.absolute);
    const known = found.made.get(kind) as Kept<T> | undefined;
    if (known !== undefined && known.token === found.token && stillReads(known.reads, this.#around)) {
      this.reads.again(known.reads);
      return known.value;
    }
    if (found.text === undefined) found = this.#files.look(file.absolute, true);
    const { text, token } = found;
    found.text = undefined;
    const { result, reads } = this.reads.during(() => make(text === undefined ? file : { ...file, text }));
    if (reads === 'singular') found.made.delete(kind);
    else found.made.set(kind, { token, reads, value: this.#kept(result) });
    return result;
  }

  /** The nodes of a file. Their own properties may be replaced; what is below those is not theirs. */
  nodesOf(kind: string, file: FoundFile, make: (file: FoundFile) => readonly KeptNode[]): readonly KeptNode[] {
    return this.ofFile(kind, file, make).map((kept) => {
      const copy = { node: { ...kept.node }, calls: kept.calls };
      this.#origins.set(copy.node, kept);
      return copy;
    });
  }

  /** An entry of a YAML file with its expressions rendered. */
  rendered<T extends object>(entry: object, render: () => T): T {
    const known = this.#rendered.get(entry) as Kept<T> | undefined;
    if (known !== undefined && stillReads(known.reads, this.#around)) {
      this.reads.again(known.reads);
      return known.value;
    }
    const { result, reads } = this.reads.during(render);
    if (reads !== 'singular') this.#rendered.set(entry, { token: '', reads, value: this.#kept(result) });
    return result;
  }

  /** What an entry of YAML makes of a node that its file alone has made so far; undefined = `describe` did it just now. */
  described(node: ManifestNode, entry: object, describe: () => readonly ManifestNode[]): DescribedNode | undefined {
    const base = this.#origins.get(node);
    if (base === undefined || node.patch_path !== null) {
      describe();
      return undefined;
    }
    const known = this.#entries.get(entry);
    if (known?.base === base && stillReads(known.reads, this.#around)) {
      this.reads.again(known.reads);
      return known.value;
    }
    const { result, reads } = this.reads.during(describe);
    if (reads !== 'singular') {
      const value = { node: ownLists({ ...node }), tests: result.map((test) => ownLists({ ...test })) };
      this.#entries.set(entry, { base, reads, value: this.#kept(value) });
    }
    return undefined;
  }

  #kept<T>(value: T): T {
    return this.#freeze ? frozen(value) : value;
  }
}

/** Gives a node lists of its own that may be added to. */
export function ownLists(node: ManifestNode): ManifestNode {
  const { macros, nodes } = node.depends_on;
  node.tags = [...node.tags];
  node.depends_on = (
    nodes === undefined ? { macros: [...macros] } : { macros: [...macros], nodes: [...nodes] }
  ) as never;
  if (node.refs === undefined) return node;
  node.refs = [...node.refs];
  node.sources = [...node.sources];
  node.metrics = [...node.metrics];
  node.functions = [...node.functions];
  node.contract = { ...node.contract };
  return node;
}

const copyMacro = (macro: MacroNode): MacroNode => ({
  ...macro,
  depends_on: { macros: [...macro.depends_on.macros] },
  arguments: macro.arguments.map((argument) => ({ ...argument })),
});

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value;
  Object.freeze(value);
  for (const item of Object.values(value)) frozen(item);
  return value;
}
