import { PyError } from '../errors.ts';

/** The flags of Python's `re` by their names. */
export const FLAGS: Readonly<Record<string, number>> = {
  I: 2,
  IGNORECASE: 2,
  M: 8,
  MULTILINE: 8,
  S: 16,
  DOTALL: 16,
  U: 32,
  UNICODE: 32,
  X: 64,
  VERBOSE: 64,
  A: 256,
  ASCII: 256,
};

/** Letters and digits beyond ASCII, near enough to what Python's `\w` takes, as ranges for a character class. */
const WORD =
  '\\w\\u00aa\\u00b5\\u00ba\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd';

const TOKEN = /\(\?[aiLmsux]+\)|\(\?#[^)]*\)|\(\?P<(\w+)>|\(\?P=(\w+)\)|\\([\s\S])|\[|\$|[\s\S]/g;
const CLASS = /\[\^?\]?(?:\\[\s\S]|\[:\w+:\]|[^\]\\])*\]/y;

export interface JsPattern {
  readonly source: string;
  readonly flags: string;
}

/** A pattern of Python's `re` as one of JavaScript; throws PyError `error` when it is none. */
export function translatePattern(pattern: string, given: number): JsPattern {
  let flags = given;
  for (const [letters] of pattern.matchAll(/\(\?([aiLmsux]+)\)/g))
    for (const letter of letters) flags |= FLAGS[letter.toUpperCase()] ?? 0;
  const verbose = (flags & 64) !== 0;
  const multiline = (flags & 8) !== 0;
  let source = '';
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(pattern); match; match = TOKEN.exec(pattern)) {
    const [token, group, reference, escaped] = match;
    if (token === '[') {
      CLASS.lastIndex = match.index;
      const whole = CLASS.exec(pattern)?.[0];
      if (whole === undefined) throw new PyError('error', `unterminated character set at position ${match.index}`);
      source += classOf(whole);
      TOKEN.lastIndex = match.index + whole.length;
    } else if (verbose && /\s/.test(token)) continue;
    else if (verbose && token === '#') TOKEN.lastIndex = endOfLine(pattern, match.index);
    else source += translateToken({ token, group, reference, escaped, multiline });
  }
  return checked({ source, flags: `${flags & 2 ? 'i' : ''}${multiline ? 'm' : ''}${flags & 16 ? 's' : ''}` }, pattern);
}

const endOfLine = (pattern: string, from: number): number => {
  const at = pattern.indexOf('\n', from);
  return at < 0 ? pattern.length : at;
};

interface TokenParts {
  readonly token: string;
  readonly group: string | undefined;
  readonly reference: string | undefined;
  readonly escaped: string | undefined;
  readonly multiline: boolean;
}

function translateToken({ token, group, reference, escaped, multiline }: TokenParts): string {
  if (group !== undefined) return `(?<${group}>`;
  if (reference !== undefined) return `\\k<${reference}>`;
  // Python's `$` also stands before a newline at the very end.
  if (token === '$') return multiline ? '$' : '(?=\\n?(?![\\s\\S]))';
  if (/^\(\?([aiLmsux]+\)|#)/.test(token)) return '';
  if (escaped === undefined) return token;
  switch (escaped) {
    case 'A':
      return '(?<![\\s\\S])';
    case 'Z':
      return '(?![\\s\\S])';
    case 'w':
      return `[${WORD}]`;
    case 'W':
      return `[^${WORD}]`;
    case 'a':
      return '\\x07';
  }
  return token;
}

const classOf = (whole: string): string => {
  const body = whole
    .replace(/^(\[\^?)\]/, '$1\\]')
    .replace(/\\([\s\S])/g, (token, escaped: string) => (escaped === 'w' ? WORD : token));
  return body.replace(/(?<=[\s\S])\[(?=[\s\S])/g, (bracket, at: number) =>
    at === 0 ? bracket : body[at - 1] === '\\' ? '[' : '\\[',
  );
};

function checked(translated: JsPattern, pattern: string): JsPattern {
  try {
    new RegExp(translated.source, translated.flags);
    return translated;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /s, '').toLowerCase() : '';
    throw new PyError('error', `${reason} in the pattern '${pattern}'`);
  }
}
