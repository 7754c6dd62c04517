/** Shell patterns as Python's fnmatch reads them: `*`, `?`, `[abc]`, `[!abc]`; slashes are ordinary characters. */
import { entryOf } from '../plain.ts';

const kept = new Map<string, RegExp>();

export function matchesGlob(text: string, pattern: string): boolean {
  if (kept.size > 1000) kept.clear();
  return entryOf(kept, pattern, () => new RegExp(`^${globSource(pattern, '.')}$`, 's')).test(text);
}

/** `any`: what a star stands for, a character at a time. */
export function globSource(pattern: string, any: string): string {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    if (character === '*') source += `${any}*`;
    else if (character === '?') source += any;
    else if (character === '[') {
      const first = pattern[at + 1] === '!' ? at + 2 : at + 1;
      const end = pattern.indexOf(']', first + 1);
      if (end < 0) source += '\\[';
      else {
        const body = pattern.slice(first, end).replace(/[\\\]^]/g, '\\$&');
        source += `[${pattern[at + 1] === '!' ? '^' : ''}${body}]`;
        at = end;
      }
    } else source += character.replace(/[.+^${}()|\\\]]/g, '\\$&');
  }
  return source;
}
