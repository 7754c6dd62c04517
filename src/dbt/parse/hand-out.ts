import type { DbtManifest, Dict } from '../manifest-types.ts';

/** Lays copies of a parse on a new manifest, whose macros are those of the parse as they were read. */
export function handOut(to: DbtManifest, from: DbtManifest): void {
  for (const id in from.macros) Object.assign(to.macros[id] as object, copyOf(from.macros[id] as object));
  const parts = to as unknown as Dict<Dict<object>>;
  for (const [key, part] of Object.entries(from as unknown as Dict<Dict<object>>)) {
    if (key === 'metadata' || key === 'selectors' || key === 'macros') continue;
    if (key.endsWith('_map')) parts[key] = part;
    else parts[key] = copiesOf(part);
  }
}

function copiesOf(part: Readonly<Dict<object>>): Dict<object> {
  const copies: Dict<object> = {};
  for (const id in part) {
    const member = part[id] as object;
    copies[id] = Array.isArray(member) ? member.map(copyOf) : copyOf(member);
  }
  return copies;
}

/** A run sets properties of members, and may add to what they depend on. */
function copyOf<T extends { readonly depends_on?: unknown }>(member: T): T {
  const copy = { ...member } as T & { depends_on?: Dict };
  if (copy.depends_on === undefined) return copy;
  const depends = { ...copy.depends_on };
  for (const key in depends) depends[key] = [...(depends[key] as unknown[])];
  copy.depends_on = depends;
  return copy;
}
