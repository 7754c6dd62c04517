/** Rows of a CSV text as Python's csv module reads them: fields in double quotes, `""` for a quote, any line ends; an empty line is a row without fields. */
export function parseCsv(text: string, delimiter = ','): string[][] {
  const rows: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const [row, next] = readRow(text, at, delimiter);
    rows.push(row.length === 1 && row[0] === undefined ? [] : (row as string[]));
    at = next;
  }
  return rows;
}

/** One row, `[undefined]` for an empty line, and where the next begins. */
function readRow(text: string, start: number, delimiter: string): [(string | undefined)[], number] {
  const row: string[] = [];
  let at = start;
  for (;;) {
    const [field, next, quoted] = readField(text, at, delimiter);
    at = next;
    if (row.length === 0 && field === '' && !quoted && text[at] !== delimiter)
      return [[undefined], afterLine(text, at)];
    row.push(field);
    if (text[at] !== delimiter) return [row, afterLine(text, at)];
    at++;
  }
}

const afterLine = (text: string, at: number): number => at + (text.startsWith('\r\n', at) ? 2 : 1);

function readField(text: string, start: number, delimiter: string): [string, number, boolean] {
  if (text[start] !== '"') {
    const end = fieldEnd(text, start, delimiter);
    return [text.slice(start, end), end, false];
  }
  let value = '';
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close < 0) return [value + text.slice(at), text.length, true];
    value += text.slice(at, close);
    at = close + 2;
    if (text[close + 1] === '"') value += '"';
    else break;
  }
  const end = fieldEnd(text, at - 1, delimiter);
  return [value + text.slice(at - 1, end), end, true];
}

function fieldEnd(text: string, start: number, delimiter: string): number {
  let at = start;
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}
