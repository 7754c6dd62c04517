import { PyError } from '../../jinja/index.ts';

/**
 * Calls of `dbt.ref`, `dbt.source` and `dbt.config` in a Python model, as template text with the same literals, and the
 * configs it reads: those are put before it when it runs.
 */
export function pythonCalls(source: string): string {
  const code = withoutComments(source);
  const calls: string[] = [];
  const reads = { config: new Reads('get'), meta: new Reads('meta_get') };
  for (const match of code.matchAll(/\bdbt\s*\.\s*(?:(ref|source|config)|config\s*\.\s*(get|meta_get))\s*\(/g)) {
    const [text, name, read] = match;
    const parts = argumentsAt(code, match.index + text.length);
    if (parts === undefined) continue;
    if (read === undefined) calls.push(`{{ ${name}(${parts.join(',').replaceAll('\n', ' ')}) }}`);
    else (read === 'get' ? reads.config : reads.meta).add(parts);
  }
  const { config, meta } = reads;
  if (config.keys.length + meta.keys.length === 0) return calls.join('\n');
  const lists = Object.entries({
    config_keys_used: config.keys,
    config_keys_defaults: config.defaults,
    meta_keys_used: meta.keys,
    meta_keys_defaults: meta.defaults,
  }).map(([key, items]) => `${key}=[${items.join(', ')}]`);
  return [...calls, `{{ config(${lists.join(', ')}) }}`].join('\n');
}

/** What `dbt.config.get` and its like are asked for: keys, and what they give without them. */
class Reads {
  readonly keys: string[] = [];
  readonly defaults: string[] = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }
  add(parts: readonly string[]): void {
    const given = parts.map((part) => part.trim()).filter((part) => part !== '');
    const [key, fallback = 'None'] = given;
    if (key === undefined) throw wrong(this.#name, 'requires at least one argument');
    if (given.length > 2) throw wrong(this.#name, `takes at most 2 arguments (${given.length} given)`);
    this.keys.push(key);
    this.defaults.push(fallback);
  }
}

const wrong = (name: string, what: string): PyError => new PyError('CompilationError', `dbt.config.${name}() ${what}`);

/** Nothing in a comment or a plain text is a call; expressions in formatted texts are. */
function withoutComments(source: string): string {
  return source.replace(
    /(\b(?:[fF][rR]?|[rR][fF]))?("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|#[^\n]*/g,
    (all, formatted: string | undefined, text: string | undefined) =>
      formatted === undefined ? (text ?? '').replace(/\bdbt(?=\s*\.)/g, '___') : all,
  );
}

/** The arguments of a call, from behind its parenthesis on, as they are written. */
function argumentsAt(code: string, start: number): string[] | undefined {
  const parts: string[] = [];
  let depth = 1;
  let quote = '';
  let begin = start;
  for (let at = start; at < code.length; at++) {
    const character = code[at] as string;
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth === 0) return [...parts, code.slice(begin, at)];
    else if (character === ',' && depth === 1) {
      parts.push(code.slice(begin, at));
      begin = at + 1;
    }
  }
  return undefined;
}
