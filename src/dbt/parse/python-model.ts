/** Calls of `dbt.ref`, `dbt.source` and `dbt.config` in a Python model, as template text with the same literals. */
export function pythonCalls(source: string): string {
  const code = withoutComments(source);
  const calls: string[] = [];
  for (const match of code.matchAll(/\bdbt\s*\.\s*(ref|source|config)\s*\(/g)) {
    const open = match.index + match[0].length - 1;
    const inner = parenthesised(code, open);
    if (inner !== undefined) calls.push(`{{ ${match[1]}(${inner.replaceAll('\n', ' ')}) }}`);
  }
  return calls.join('\n');
}

function withoutComments(source: string): string {
  return source.replace(
    /("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|#[^\n]*/g,
    (_, text: string | undefined) => text ?? '',
  );
}

/** What stands between the parenthesis at `open` and its partner. */
function parenthesised(code: string, open: number): string | undefined {
  let depth = 0;
  let quote = '';
  for (let at = open; at < code.length; at++) {
    const character = code[at] as string;
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth === 0) return code.slice(open + 1, at);
  }
  return undefined;
}
