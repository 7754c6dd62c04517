/** The keywords of a file's first `config(...)` as they are written: what comparing states looks at. */
import { fromJs, literalEval, repr } from '../../jinja/index.ts';
import type { Dict } from '../manifest-types.ts';

/** Text values stay as they are, other literals are printed, expressions keep their text; undefined = no call. */
export function unrenderedCalls(code: string): Dict | undefined {
  const start = /\{\{[-+]?\s*config\s*\(|\bconfig\s*\(/.exec(code);
  if (start === null) return undefined;
  const calls: Dict = {};
  for (const part of topLevelParts(code, start.index + start[0].length)) {
    const keyword = /^\s*(\w+)\s*=(?!=)\s*([\s\S]*?)\s*$/.exec(part);
    if (keyword !== null) calls[keyword[1] as string] = valueText(keyword[2] as string);
  }
  return calls;
}

function valueText(text: string): string {
  if (/^(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')$/s.test(text)) return text.slice(1, -1).replace(/\\(["'\\])/g, '$1');
  try {
    const value = literalEval(
      text
        .replace(/\btrue\b/g, 'True')
        .replace(/\bfalse\b/g, 'False')
        .replace(/\bnone\b/g, 'None'),
    );
    return value === undefined ? spelled(text) : repr(fromJs(value));
  } catch {
    return spelled(text); // an expression, not a literal
  }
}

/** An expression in the spelling of Python: strings in single quotes, one space after commas and colons. */
function spelled(text: string): string {
  return text.replace(
    /"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\s+|,\s*(?=[)\]}])|([,:])|\b(true|false|none)\b/g,
    (whole, double, single, mark, word) => {
      const inner = (double ?? single) as string | undefined;
      if (inner !== undefined) return repr(inner.replace(/\\(["'\\])/g, '$1'));
      if (mark !== undefined) return `${mark} `;
      if (word !== undefined) return `${(word as string).charAt(0).toUpperCase()}${(word as string).slice(1)}`;
      return whole.startsWith(',') ? '' : whole.trim();
    },
  );
}

/** The arguments from `open` to the closing parenthesis, split at commas that are in no bracket and no string. */
function topLevelParts(code: string, open: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = open;
  for (let at = open; at < code.length; at++) {
    const character = code[at] as string;
    if (character === '"' || character === "'") {
      for (at++; at < code.length && code[at] !== character; at++) if (code[at] === '\\') at++;
    } else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) {
      if (depth-- === 0) return [...parts, code.slice(from, at)];
    } else if (character === ',' && depth === 0) {
      parts.push(code.slice(from, at));
      from = at + 1;
    }
  }
  return parts;
}
