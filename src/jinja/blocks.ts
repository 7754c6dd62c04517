import { addFrame, PyError, positionAt } from './errors.ts';

/** A top-level block such as `{% macro x() %}...{% endmacro %}`, found without parsing what is inside. */
export interface Block {
  readonly type: string;
  readonly name: string | undefined;
  /** The whole block with its tags, and with the space that `{%-` and `-%}` take. */
  readonly text: string;
  /** What stands between the tags. */
  readonly contents: string;
  readonly start: number;
  readonly end: number;
}

export interface BlockOptions {
  readonly path: string;
  /** Types that are blocks here; text and other tags between them are passed over. */
  readonly allowed: ReadonlySet<string>;
  /** Told of tags between the blocks, which do nothing. */
  readonly onUnexpected?: (type: string) => void;
}

interface Tag {
  readonly type: string;
  readonly name: string | undefined;
  readonly start: number;
  readonly end: number;
}

const TAG_NAME = /\{%-?\s*([A-Za-z_][A-Za-z_0-9]*)(?:\s+([A-Za-z_][A-Za-z_0-9]*))?/y;
const RAW = /\{%-?\s*raw\s*-?%\}[\s\S]*?\{%-?\s*endraw\s*(?:-%\}\s*|%\})/y;
const TAG_END = /-%\}\s*|%\}|["']/g;
const EXPRESSION_END = /\}\}|["']/g;
const STRING = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const CONTROL_FLOW: Readonly<Record<string, string>> = { endif: 'if', endfor: 'for' };

/** The allowed blocks of a file in order; throws PyError CompilationError with the place. */
export function extractBlocks(source: string, { path, allowed, onUnexpected }: BlockOptions): readonly Block[] {
  const fail = (message: string, offset: number): never => {
    const { line, column } = positionAt(source, offset);
    const error = new PyError('CompilationError', message, { context: { path, line, column } });
    addFrame(error, { path, name: path, line, column });
    throw error;
  };
  const blocks: Block[] = [];
  const open: string[] = [];
  let current: Tag | undefined;
  for (const tag of tagsOf(source, fail)) {
    trackControlFlow(tag, open, fail);
    if (allowed.has(tag.type)) {
      if (open.length > 0)
        fail(
          `got a block definition inside control flow: {% ${tag.type} %} is allowed at the top of a file only`,
          tag.start,
        );
      if (current) fail(`{% ${tag.type} %} stands inside {% ${current.type} %}: blocks may not be nested`, tag.start);
      current = tag;
    } else if (current && tag.type === `end${current.type}`) {
      blocks.push(blockOf(source, current, tag));
      current = undefined;
    } else if (!current) onUnexpected?.(tag.type);
  }
  if (current)
    fail(
      `reached the end of the file without finding {% end${current.type} %} for {% ${current.type} ${current.name ?? ''} %}`,
      current.start,
    );
  return blocks;
}

const blockOf = (source: string, { type, name, start, end }: Tag, close: Tag): Block => ({
  type,
  name,
  text: source.slice(start, close.end),
  contents: source.slice(end, close.start),
  start,
  end: close.end,
});

function trackControlFlow(
  { type, start }: Tag,
  open: string[],
  fail: (message: string, offset: number) => never,
): void {
  if (type === 'if' || type === 'for') open.push(type);
  const wanted = CONTROL_FLOW[type];
  if (wanted === undefined) return;
  const found = open.pop();
  if (found === undefined) fail(`got {% ${type} %} without a {% ${wanted} %} before it`, start);
  if (found !== wanted) fail(`got {% ${type} %} where {% end${found} %} was expected`, start);
}

type Fail = (message: string, offset: number) => never;

/** All tags of a text in order, those in comments, expressions, strings and raw blocks left out. */
function* tagsOf(source: string, fail: Fail): Generator<Tag> {
  let at = 0;
  for (let open = source.indexOf('{'); open >= 0; open = source.indexOf('{', Math.max(at, open + 1))) {
    const mark = source[open + 1];
    if (mark === '#') at = endOfComment(source, open, fail);
    else if (mark === '{') at = endOfTag(source, open + 2, { pattern: EXPRESSION_END, wanted: '}}', open, fail });
    else if (mark === '%') {
      const tag = readTag(source, open, { from: at, fail });
      if (!tag) continue;
      at = tag.end;
      if (tag.type !== 'raw') yield tag;
    }
  }
}

function endOfComment(source: string, open: number, fail: Fail): number {
  const end = source.indexOf('#}', open + 2);
  return end < 0 ? fail('a comment is not closed: expected "#}"', open) : end + 2;
}

function readTag(
  source: string,
  open: number,
  { from, fail }: { readonly from: number; readonly fail: Fail },
): Tag | undefined {
  RAW.lastIndex = open;
  const raw = RAW.exec(source);
  if (raw) return { type: 'raw', name: undefined, start: open, end: RAW.lastIndex };
  TAG_NAME.lastIndex = open;
  const match = TAG_NAME.exec(source);
  if (!match) return undefined;
  const end = endOfTag(source, TAG_NAME.lastIndex, { pattern: TAG_END, wanted: '%}', open, fail });
  return {
    type: match[1] as string,
    name: match[2],
    start: source[open + 2] === '-' ? spaceBefore(source, open, from) : open,
    end,
  };
}

function spaceBefore(source: string, open: number, from: number): number {
  let start = open;
  while (start > from && /\s/.test(source[start - 1] as string)) start--;
  return start;
}

interface EndSearch {
  readonly pattern: RegExp;
  readonly wanted: string;
  readonly open: number;
  readonly fail: Fail;
}

function endOfTag(source: string, from: number, { pattern, wanted, open, fail }: EndSearch): number {
  pattern.lastIndex = from;
  for (let match = pattern.exec(source); match; match = pattern.exec(source)) {
    if (match[0] !== '"' && match[0] !== "'") return pattern.lastIndex;
    STRING.lastIndex = match.index;
    if (!STRING.exec(source)) fail('a string is not closed', match.index);
    pattern.lastIndex = STRING.lastIndex;
  }
  return fail(`a tag is not closed: expected "${wanted}"`, open);
}
