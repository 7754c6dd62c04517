/** Copies of what is in a manifest, for keeping, and whether a member still is what was kept: to the order of its keys. */
import { isDict } from '../plain.ts';

/** Copies what of a member is added to in place; all else is replaced when it changes. */
export function copyMember<T extends object>(member: T): T {
  if (Array.isArray(member)) return member.map((one) => (isDict(one) ? copyMember(one) : one)) as T;
  const copy: Record<string, unknown> = { ...(member as Record<string, unknown>) };
  for (const key in copy) if (Array.isArray(copy[key])) copy[key] = [...(copy[key] as unknown[])];
  if (isDict(copy.contract)) copy.contract = { ...copy.contract };
  const depends = copy.depends_on;
  if (isDict(depends))
    copy.depends_on = Object.fromEntries(
      Object.entries(depends).map(([key, list]) => [key, Array.isArray(list) ? [...list] : list]),
    );
  return copy as T;
}

/** The copy of a member; the earlier one if it would be the same. */
const keptMember = <T extends object>(member: T, earlier: T | undefined): T =>
  earlier !== undefined && isSame(earlier, member) ? earlier : copyMember(member);

/** Copies of all members of a part; the earlier ones as far as they would be the same. */
export function keptMembers<T extends object>(
  part: Readonly<Record<string, T>>,
  earlier: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const kept: Record<string, T> = {};
  let count = 0;
  let isOther = false;
  const order = Object.keys(earlier);
  for (const id in part) {
    const member = keptMember(part[id] as T, earlier[id]);
    kept[id] = member;
    if (member !== earlier[id] || order[count] !== id) isOther = true;
    count++;
  }
  return isOther || count !== order.length ? kept : earlier;
}

/** Whether two values are written alike. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b);
  if (!isDict(a) || !isDict(b)) return false;
  const keys = Object.keys(b);
  let at = 0;
  for (const key in a) {
    if (keys[at++] !== key) return false;
    const [one, other] = [a[key], b[key]];
    if (one !== other && !isSame(one, other)) return false;
  }
  return at === keys.length;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!isSame(a[at], b[at])) return false;
  return true;
}
