/** JSON of the members of a manifest, kept in pieces for writing the next one: most of it is the same. */
import { copyMember, isSame } from './member-copies.ts';

interface KnownMember {
  readonly id: string;
  readonly member: object;
  /** A piece ends behind it: decided by its name, so that additions leave the pieces of others alone. */
  readonly isLast: boolean;
}

interface Piece {
  readonly members: readonly KnownMember[];
  readonly bytes: Buffer;
}

export class MemberTexts {
  #known = new Map<string, KnownMember>();
  #next = new Map<string, KnownMember>();
  /** By the first member. */
  #pieces = new Map<KnownMember, Piece>();
  #nextPieces = new Map<KnownMember, Piece>();
  readonly #parts = new Map<string, { readonly part: object; readonly text: Buffer }>();

  /** `"id": {...}, "id": {...}` of all members, piece by piece. `isKept`: none of them will ever change. */
  *pieces(
    members: Readonly<Record<string, object>>,
    textOf: (member: object) => string,
    isKept: boolean,
  ): Generator<Buffer> {
    let group: KnownMember[] = [];
    for (const id in members) {
      const known = this.#memberOf(id, members[id] as object, isKept);
      group.push(known);
      if (!known.isLast) continue;
      yield this.#piece(group, textOf);
      group = [];
    }
    if (group.length > 0) yield this.#piece(group, textOf);
  }

  /** The text of a part that will never change. */
  ofPart(key: string, part: object, make: () => string): Buffer {
    const known = this.#parts.get(key);
    if (known?.part === part) return known.text;
    const text = Buffer.from(make());
    this.#parts.set(key, { part, text });
    return text;
  }

  /** The manifest is written: what was not in it is forgotten. */
  end(): void {
    this.#known = this.#next;
    this.#next = new Map();
    this.#pieces = this.#nextPieces;
    this.#nextPieces = new Map();
  }

  #memberOf(id: string, member: object, isKept: boolean): KnownMember {
    const earlier = this.#known.get(id);
    const known =
      earlier !== undefined && isSame(earlier.member, member)
        ? earlier
        : { id, member: isKept ? member : copyMember(member), isLast: endsPiece(id) };
    this.#next.set(id, known);
    return known;
  }

  #piece(members: readonly KnownMember[], textOf: (member: object) => string): Buffer {
    const first = members[0] as KnownMember;
    const earlier = this.#pieces.get(first);
    const piece =
      earlier !== undefined && isSameList(earlier.members, members)
        ? earlier
        : { members, bytes: Buffer.from(textOfAll(members, textOf)) };
    this.#nextPieces.set(first, piece);
    return piece.bytes;
  }
}

const textOfAll = (members: readonly KnownMember[], textOf: (member: object) => string): string =>
  members.map(({ id, member }) => `${JSON.stringify(id)}: ${textOf(member)}`).join(', ');

/** One name in 128 ends a piece. */
function endsPiece(id: string): boolean {
  let hash = 0;
  for (let at = Math.max(0, id.length - 24); at < id.length; at++) hash = (hash * 31 + id.charCodeAt(at)) | 0;
  return ((hash ^ (hash >>> 15)) & 127) === 0;
}

const isSameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
