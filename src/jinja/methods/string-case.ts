const LETTER = /\p{L}/u;
const UPPER = /\p{Lu}|\p{Lt}/u;
const LOWER = /\p{Ll}/u;

const mapWords = (text: string, first: (c: string) => string, rest: (c: string) => string): string => {
  let inside = false;
  return Array.from(text, (character) => {
    const mapped = inside ? rest(character) : first(character);
    inside = LETTER.test(character);
    return mapped;
  }).join('');
};

const upper = (c: string): string => c.toUpperCase();
const lower = (c: string): string => c.toLowerCase();

/** One upper-case letter for one: Python titles `ß` as `Ss`. */
const titleOf = (c: string): string => {
  const mapped = c.toUpperCase();
  return mapped.length > c.length ? mapped.slice(0, 1) + mapped.slice(1).toLowerCase() : mapped;
};

export const title = (text: string): string => mapWords(text, titleOf, lower);

export function capitalize(text: string): string {
  const [first = '', ...rest] = Array.from(text);
  return titleOf(first) + rest.join('').toLowerCase();
}

export const swapcase = (text: string): string =>
  Array.from(text, (c) => (UPPER.test(c) ? lower(c) : LOWER.test(c) ? upper(c) : c)).join('');

export const isCased = (text: string): boolean => UPPER.test(text) || LOWER.test(text);

export function isTitle(text: string): boolean {
  let inside = false;
  let cased = false;
  for (const c of text) {
    if (UPPER.test(c) ? inside : LOWER.test(c) ? !inside : false) return false;
    inside = UPPER.test(c) || LOWER.test(c);
    cased ||= inside;
  }
  return cased;
}

export function zfill(text: string, width: number): string {
  const sign = /^[+-]/.test(text) ? text.slice(0, 1) : '';
  const rest = text.slice(sign.length);
  return sign + rest.padStart(width - sign.length, '0');
}
