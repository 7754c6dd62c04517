/** The page of one thing. */
import { type Child, el, replace } from './dom.ts';
import { highlight } from './highlight.ts';
import { lineageKinds } from './lineage.ts';
import { safeHref } from './markdown.ts';
import { linkView, markdownView } from './markdown-view.ts';
import { type Column, type ColumnLink, type Item, isDict } from './project.ts';
import { formatRoute, itemHref } from './route.ts';
import { badge, itemLink, section, type View } from './view.ts';

const tabular = new Set(['model', 'seed', 'snapshot', 'source']);

export function itemView(item: Item, view: View): Child {
  const { t } = view.texts;
  const text = item.description.trim();
  return [
    el('h1', { tabindex: -1 }, badge(item.kind, view.texts), ' ', item.name),
    item.relation === '' ? undefined : el('p', { class: 'relation' }, el('code', {}, item.relation)),
    section(
      'description',
      t('description'),
      text === '' ? el('p', { class: 'quiet' }, t('noDescription')) : markdownView(text, 3),
    ),
    detailsView(item, view),
    item.columns.length > 0 || tabular.has(item.kind) ? columnsView(item.columns, view) : undefined,
    dependenciesView(item, view),
    codeView(item, view),
  ];
}

function detailsView(item: Item, view: View): HTMLElement {
  const { t } = view.texts;
  const rows: (readonly [string, Child])[] = [
    [t('tags'), item.tags.length === 0 ? undefined : item.tags.map((tag) => el('span', { class: 'tag' }, tag))],
    [t('owner'), item.owner === '' ? undefined : item.owner],
    [t('package'), item.packageName],
    [t('path'), item.path === '' ? undefined : el('code', {}, item.path)],
    [t('link'), addressView(item.url)],
    ...item.facts.map(([name, value]) => [name.replaceAll('_', ' '), value] as const),
    ...Object.entries(item.meta).map(([name, value]) => [`${t('meta')}: ${name}`, metaView(value)] as const),
  ];
  return section(
    'details',
    t('details'),
    el(
      'dl',
      {},
      rows.map(([name, value]) =>
        value === undefined || value === '' ? undefined : [el('dt', {}, name), el('dd', {}, value)],
      ),
    ),
  );
}

function addressView(url: string): Child {
  const href = safeHref(url);
  return href === undefined ? url || undefined : linkView(href, url);
}

const metaView = (value: unknown): Child =>
  isDict(value) || Array.isArray(value) ? el('code', {}, JSON.stringify(value)) : String(value);

function columnsView(columns: readonly Column[], view: View): HTMLElement {
  const { t } = view.texts;
  if (columns.length === 0) return section('columns', t('columns'), el('p', { class: 'quiet' }, t('noColumns')));
  // Where columns come from and go is told only where that is known.
  const links = (['from', 'into'] as const).filter((way) => columns.some((column) => column[way].length > 0));
  const ways = { from: t('comesFrom'), into: t('goesInto') };
  const head = [t('column'), t('type'), t('description'), t('tests'), ...links.map((way) => ways[way])];
  const row = (column: Column): HTMLElement => {
    const { name, type, description, tests, tags, constraints } = column;
    return el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row' },
        el('code', {}, name),
        tags.map((tag) => [' ', el('span', { class: 'tag' }, tag)]),
      ),
      el('td', {}, el('code', {}, type)),
      el('td', {}, description.trim() === '' ? undefined : markdownView(description, 4)),
      el(
        'td',
        {},
        [...constraints, ...tests].map((test) => [el('span', { class: 'test' }, test.replaceAll('_', ' ')), ' ']),
      ),
      links.map((way) => el('td', {}, linksView(column[way], view))),
    );
  };
  const table = el(
    'table',
    {},
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        head.map((name) => el('th', { scope: 'col' }, name)),
      ),
    ),
    el('tbody', {}, columns.map(row)),
  );
  return section(
    'columns',
    t('columns'),
    el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-labelledby': 'columns' }, table),
  );
}

/** `=` is the value as it is, `~` something made of it. */
function linksView(links: readonly ColumnLink[], { project, texts: { t } }: View): Child {
  return links.map(({ id, column, isSame }) => {
    const item = project.items.get(id);
    const text = `${item?.name ?? id.split('.').slice(2).join('.')}.${column}`;
    const meaning = isSame ? t('sameValue') : t('madeOf');
    return el(
      'div',
      {},
      el('span', { class: 'quiet', role: 'img', 'aria-label': meaning, title: meaning }, isSame ? '=' : '~'),
      ' ',
      item === undefined ? text : el('a', { href: itemHref(id) }, text),
    );
  });
}

function dependenciesView(item: Item, view: View): HTMLElement {
  const { t } = view.texts;
  const list = (title: string, ids: readonly string[]): HTMLElement =>
    el(
      'div',
      {},
      el('h3', {}, title),
      ids.length === 0
        ? el('p', { class: 'quiet' }, t('nothing'))
        : el(
            'ul',
            { class: 'plain' },
            sorted(ids, view).map((one) => el('li', {}, itemLink(one, view))),
          ),
    );
  const route = formatRoute({ page: 'graph', id: item.id, up: 2, down: 2, without: [] });
  return section(
    'lineage',
    t('lineage'),
    lineageKinds.has(item.kind) ? el('p', {}, el('a', { class: 'button', href: route }, t('openLineage'))) : undefined,
    el('div', { class: 'halves' }, list(t('dependsOn'), item.parents), list(t('usedBy'), item.children)),
  );
}

const sorted = (ids: readonly string[], { project }: View): Item[] =>
  ids
    .map((id) => project.items.get(id))
    .filter((one) => one !== undefined)
    .sort((a, b) => (a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind < b.kind ? -1 : 1));

function codeView(item: Item, view: View): Child {
  const { t } = view.texts;
  const versions = [[t('source'), item.raw] as const, [t('compiled'), item.compiled] as const].filter(
    ([, code]) => code.trim() !== '',
  );
  const [first] = versions;
  if (first === undefined) return undefined;
  let shown = first[1];
  const code = el('code', {}, colours(shown));
  const choice = ([name, text]: readonly [string, string]): HTMLElement =>
    el(
      'button',
      {
        type: 'button',
        'aria-pressed': String(text === shown && name === first[0]),
        click: (event: MouseEvent) => {
          shown = text;
          replace(code, colours(text));
          for (const button of choices.querySelectorAll('[aria-pressed]'))
            button.setAttribute('aria-pressed', String(button === event.currentTarget));
        },
      },
      name,
    );
  const copied = el('span', { role: 'status', class: 'quiet' });
  const copy = (): void => {
    void navigator.clipboard?.writeText(shown).then(() => replace(copied, t('copied')));
  };
  const choices = el(
    'div',
    { class: 'choices', role: 'group', 'aria-labelledby': 'code' },
    versions.map(choice),
    el('button', { type: 'button', click: copy }, t('copy')),
    copied,
  );
  return section('code', t('code'), choices, el('pre', { tabindex: 0 }, code));
}

const colours = (code: string): Child =>
  highlight(code).map(({ kind, text }) => (kind === 'plain' ? text : el('span', { class: kind }, text)));
