/** Descriptions as elements. */
import { type Child, el } from './dom.ts';
import { type Block, type Inline, parseMarkdown } from './markdown.ts';

export const markdownView = (text: string, level = 2): HTMLElement =>
  el(
    'div',
    { class: 'prose' },
    parseMarkdown(text).map((block) => blockView(block, level)),
  );

const headings = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'] as const;

function blockView(block: Block, level: number): Child {
  switch (block.kind) {
    case 'heading':
      // Headings of a description are below that of the page.
      return el(headings[Math.min(5, block.level + level - 2)] ?? 'h6', {}, inlineView(block.inner));
    case 'paragraph':
      return el('p', {}, inlineView(block.inner));
    case 'code':
      return el('pre', { tabindex: 0 }, el('code', {}, block.text));
    case 'quote':
      return el(
        'blockquote',
        {},
        block.blocks.map((one) => blockView(one, level)),
      );
    case 'rule':
      return el('hr');
    case 'list':
      return el(
        block.ordered ? 'ol' : 'ul',
        {},
        block.items.map((item) => el('li', {}, listItem(item, level))),
      );
    case 'table':
      return el(
        'div',
        { class: 'scroll', tabindex: 0 },
        el(
          'table',
          {},
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              block.head.map((cell) => el('th', { scope: 'col' }, inlineView(cell))),
            ),
          ),
          el(
            'tbody',
            {},
            block.rows.map((row) =>
              el(
                'tr',
                {},
                row.map((cell) => el('td', {}, inlineView(cell))),
              ),
            ),
          ),
        ),
      );
  }
}

/** An item of one paragraph needs no paragraph. */
function listItem(blocks: readonly Block[], level: number): Child {
  const [first, ...rest] = blocks;
  const head =
    first?.kind === 'paragraph' ? inlineView(first.inner) : first === undefined ? '' : blockView(first, level);
  return [head, rest.map((block) => blockView(block, level))];
}

const inlineView = (parts: readonly Inline[]): Child => parts.map(partView);

function partView(part: Inline): Child {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'code':
      return el('code', {}, part.text);
    case 'break':
      return el('br');
    case 'image':
      return el('img', { src: part.src, alt: part.alt, loading: 'lazy' });
    case 'link':
      return linkView(part.href, inlineView(part.inner));
    default:
      return el(part.kind, {}, inlineView(part.inner));
  }
}

export const linkView = (href: string, ...children: readonly Child[]): HTMLElement =>
  href.startsWith('#')
    ? el('a', { href }, children)
    : el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, children);
