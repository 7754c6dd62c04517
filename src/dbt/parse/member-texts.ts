/** JSON of the members of a manifest, kept in pieces for writing the next one: most of it is the same. */

interface KnownMember {
  readonly id: string;
  /** The member as it was, its lists copied. */
  readonly member: Readonly<Record<string, unknown>>;
  readonly keys: readonly string[];
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

  /** `"id": {...}, "id": {...}` of all members, piece by piece. */
  *pieces(members: Readonly<Record<string, object>>, textOf: (member: object) => string): Generator<Buffer> {
    let group: KnownMember[] = [];
    let objects: object[] = [];
    for (const id in members) {
      const member = members[id] as object;
      const known = this.#memberOf(id, member);
      group.push(known);
      objects.push(member);
      if (!known.isLast) continue;
      yield this.#piece(group, objects, textOf);
      group = [];
      objects = [];
    }
    if (group.length > 0) yield this.#piece(group, objects, textOf);
  }

  /** The manifest is written: what was not in it is forgotten. */
  end(): void {
    this.#known = this.#next;
    this.#next = new Map();
    this.#pieces = this.#nextPieces;
    this.#nextPieces = new Map();
  }

  #memberOf(id: string, member: object): KnownMember {
    const earlier = this.#known.get(id);
    const known =
      earlier !== undefined && isUnchanged(earlier, member as Record<string, unknown>) ? earlier : knownOf(id, member);
    this.#next.set(id, known);
    return known;
  }

  #piece(members: readonly KnownMember[], objects: readonly object[], textOf: (member: object) => string): Buffer {
    const first = members[0] as KnownMember;
    const earlier = this.#pieces.get(first);
    const piece =
      earlier !== undefined && isSameList(earlier.members, members)
        ? earlier
        : { members, bytes: Buffer.from(textOfAll(members, objects, textOf)) };
    this.#nextPieces.set(first, piece);
    return piece.bytes;
  }
}

const textOfAll = (
  members: readonly KnownMember[],
  objects: readonly object[],
  textOf: (member: object) => string,
): string => members.map(({ id }, index) => `${JSON.stringify(id)}: ${textOf(objects[index] as object)}`).join(', ');

/** One name in 128 ends a piece. */
function endsPiece(id: string): boolean {
  let hash = 0;
  for (let at = Math.max(0, id.length - 24); at < id.length; at++) hash = (hash * 31 + id.charCodeAt(at)) | 0;
  return ((hash ^ (hash >>> 15)) & 127) === 0;
}

const isSameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

/** Keeps what of a member is added to in place; all else is replaced when it changes. */
function knownOf(id: string, member: object): KnownMember {
  const copy: Record<string, unknown> = { ...member };
  for (const key in copy) if (Array.isArray(copy[key])) copy[key] = [...(copy[key] as unknown[])];
  if (isPlain(copy.contract)) copy.contract = { ...copy.contract };
  if (isPlain(copy.depends_on))
    copy.depends_on = Object.fromEntries(
      Object.entries(copy.depends_on).map(([key, list]) => [key, Array.isArray(list) ? [...list] : list]),
    );
  return { id, member: copy, keys: Object.keys(copy), isLast: endsPiece(id) };
}

function isUnchanged({ member: earlier, keys }: KnownMember, member: Readonly<Record<string, unknown>>): boolean {
  for (const key of keys) {
    const a = earlier[key];
    const b = member[key];
    if (a !== b && !isSame(a, b)) return false;
  }
  let count = 0;
  for (const _ in member) count++;
  return count === keys.length;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let at = 0; at < a.length; at++) if (!isSame(a[at], b[at])) return false;
    return true;
  }
  if (!isPlain(a) || !isPlain(b)) return false;
  let count = 0;
  for (const key in a) {
    if (!(key in b) || !isSame(a[key], b[key])) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}
