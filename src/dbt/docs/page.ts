/**
 * The documentation page: one file that needs nothing else. Its parts lie in `page/`, a small program of their own for
 * the browser, and are joined here.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PageData {
  /** Texts of artifacts that the page holds; without them it reads the files beside it. */
  readonly manifest: string;
  readonly catalog: string;
  readonly column_lineage?: string;
}

const folder = fileURLToPath(new URL('page', import.meta.url));
const part = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

export interface DocsPage {
  readonly html: string;
  /** Its content security policy, which it also holds itself. */
  readonly policy: string;
}

export function docsPage(data?: PageData): DocsPage {
  const [style, script] = [part('page.css'), pageScript()];
  const policy = pagePolicy(style, script, data !== undefined);
  const pieces: Readonly<Record<string, string>> = {
    policy,
    style: `<style>${style}</style>`,
    data:
      data === undefined
        ? ''
        : Object.entries(data)
            .map(([name, text]) => dataBlock(name, text))
            .join('\n'),
    script: `<script type="module">${script}</script>`,
  };
  const html = part('index.html').replace(/<!--(\w+)-->/g, (whole, name: string) => pieces[name] ?? whole);
  return { html, policy };
}

/** In JSON `<` is only ever inside strings, where it may be written so that no markup can begin. */
const dataBlock = (name: string, text: string): string =>
  `<script type="application/json" id="data-${name}">${text.replaceAll('<', '\\u003c')}</script>`;

/** Nothing runs but the page's own script, nothing is loaded from elsewhere. */
function pagePolicy(style: string, script: string, isWhole: boolean): string {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    `default-src 'none'`,
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    `img-src 'self' data:`,
    `connect-src ${isWhole ? `'none'` : `'self'`}`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
}

/** The modules of the page as one: each after those it imports, without the words that joined them. */
export function pageScript(): string {
  const done = new Set<string>();
  const texts: string[] = [];
  const take = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const text = part(name);
    for (const [, imported = ''] of text.matchAll(/^import [^;]*?from '\.\/([\w-]+\.js)';/gm)) take(imported);
    texts.push(text.replace(/^import [^;]*;\n/gm, '').replace(/^export (?=const|let|function|async|class)/gm, ''));
  };
  take('main.js');
  return `\n${texts.join('')}`;
}
