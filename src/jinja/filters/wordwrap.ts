interface WrapOptions {
  readonly width: number;
  readonly breakLongWords: boolean;
  readonly breakOnHyphens: boolean;
}

/** Lines of at most `width` characters, as Python's textwrap with whitespace kept inside and dropped at line ends. */
export function wordwrap(line: string, options: WrapOptions): string[] {
  const chunks = chunksOf(line, options.breakOnHyphens).reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (lines.length > 0 && isBlank(chunks.at(-1) as string)) chunks.pop();
    const current = takeLine(chunks, options);
    if (current !== '') lines.push(current);
  }
  return lines;
}

const isBlank = (text: string): boolean => text.trim() === '';

function chunksOf(line: string, breakOnHyphens: boolean): string[] {
  const words = line.split(/(\s+)/).filter((chunk) => chunk !== '');
  return breakOnHyphens ? words.flatMap((word) => word.split(/(?<=[\p{L}]-)(?=[\p{L}])/u)) : words;
}

function takeLine(chunks: string[], { width, breakLongWords }: WrapOptions): string {
  const taken: string[] = [];
  let length = 0;
  while (chunks.length > 0 && length + (chunks.at(-1) as string).length <= width) {
    const chunk = chunks.pop() as string;
    taken.push(chunk);
    length += chunk.length;
  }
  const next = chunks.at(-1);
  if (next !== undefined && next.length > width) {
    const space = width < 1 ? 1 : width - length;
    if (breakLongWords && space > 0) {
      taken.push(next.slice(0, space));
      chunks[chunks.length - 1] = next.slice(space);
    } else if (taken.length === 0) taken.push(chunks.pop() as string);
  }
  if (taken.length > 0 && isBlank(taken.at(-1) as string)) taken.pop();
  return taken.join('');
}
