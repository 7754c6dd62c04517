/** The keywords of a file's first `config(...)` as they are written: what comparing states looks at. */
import { compileTemplate, createEnvironment, keywordTexts } from '../jinja/index.ts';
import type { Dict } from './manifest-types.ts';

const environment = createEnvironment();

/** Text values stay as they are, other literals and expressions are spelled as dbt does; undefined = no call. */
export function unrenderedCalls(code: string): Dict | undefined {
  if (!code.includes('config(')) return undefined;
  const open = openingOf(code);
  if (open === undefined) return undefined;
  const text = callText(code, open);
  if (text === undefined) return {};
  try {
    const template = compileTemplate(environment, `{{ config(${text}) }}`, { path: '', name: 'config' });
    return Object.fromEntries(keywordTexts(template, 'config') ?? []);
  } catch {
    return {}; // what is no call is told when the file is rendered
  }
}

/** Texts in a tag; one that holds the end of a tag goes on to the end of what was matched. */
const quoted = /"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)/g;

/** Where the arguments of the first call begin; comments, raw text and texts in tags call nothing. */
function openingOf(code: string): number | undefined {
  for (const tag of code.matchAll(
    /\{#[\s\S]*?#\}|\{%[-+]?\s*raw\b[\s\S]*?endraw\s*[-+]?%\}|\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g,
  )) {
    if (/^\{#|^\{%[-+]?\s*raw\b/.test(tag[0])) continue;
    const bare = tag[0].replace(quoted, (text) => ' '.repeat(text.length));
    const call = /(?<![\w.])config\s*\(/.exec(bare);
    if (call !== null) return tag.index + call.index + call[0].length;
  }
  return undefined;
}

/**
 * Whether `config` calls hold only what dbt reads without rendering: texts, True, False, lists and dictionaries, but no
 * hooks, in a file whose expressions have no marks that take spaces away. Such values are kept as values.
 */
export function areSimpleCalls(code: string): boolean {
  if (/\{\{-|-\}\}/.test(code.replace(/\{#[\s\S]*?#\}/g, ''))) return false;
  for (const { index, 0: start } of code.matchAll(/\bconfig\s*\(/g)) {
    const text = callText(code, index + start.length) ?? '';
    if (/\b(?:pre|post)_hook\s*=/.test(text)) return false;
    const bare = text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, '').replace(/\w+\s*=/g, '');
    if (/[(\d]|\b(?:true|false|none|None)\b/.test(bare)) return false;
  }
  return true;
}

/** What stands from `open` to the parenthesis that closes it. */
function callText(code: string, open: number): string | undefined {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    const character = code[at] as string;
    if (character === '"' || character === "'") {
      for (at++; at < code.length && code[at] !== character; at++) if (code[at] === '\\') at++;
    } else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && depth-- === 0) return code.slice(open, at);
  }
  return undefined;
}
