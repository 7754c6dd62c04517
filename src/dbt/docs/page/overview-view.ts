import { type Child, el } from './dom.ts';
import { markdownView } from './markdown-view.ts';
import type { Item } from './project.ts';
import { formatRoute } from './route.ts';
import { itemLink, section, type View } from './view.ts';

export function overviewView(packageName: string, view: View): Child {
  const { project, texts } = view;
  const { t } = texts;
  const own = project.overviews.get(packageName === project.name ? '' : packageName);
  const graph = formatRoute({ page: 'graph', id: '', up: Infinity, down: Infinity, without: [] });
  return [
    el('h1', { tabindex: -1 }, packageName || project.name || t('overview')),
    own === undefined ? el('p', {}, t('welcome')) : markdownView(own, 2),
    el('p', {}, el('a', { class: 'button', href: graph }, t('wholeLineage'))),
    section('counts', t('counts'), countsView(packageName, view)),
    startsView(packageName, view),
    el('p', { class: 'quiet' }, t('generated', { when: texts.date(project.generatedAt), version: project.dbtVersion })),
  ];
}

const isOf = (packageName: string) => (item: Item) => packageName === '' || item.packageName === packageName;

function countsView(packageName: string, { project, texts }: View): HTMLElement {
  const counts = new Map<string, number>();
  for (const { kind } of [...project.items.values()].filter(isOf(packageName)))
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const entries = [...counts].sort(([, a], [, b]) => b - a);
  return el(
    'dl',
    { class: 'counts' },
    entries.map(([kind, count]) => el('div', {}, el('dt', {}, texts.kind(kind)), el('dd', {}, texts.number(count)))),
  );
}

/** What is made for others to use: exposures, and what most depends on. */
function startsView(packageName: string, view: View): Child {
  const items = [...view.project.items.values()].filter(isOf(packageName));
  const exposures = items.filter(({ kind }) => kind === 'exposure').slice(0, 10);
  const ends = items
    .filter(({ kind, children }) => kind === 'model' && !children.some((id) => id.startsWith('model.')))
    .sort((a, b) => b.parents.length - a.parents.length)
    .slice(0, 10);
  const shown = [...exposures, ...ends];
  if (shown.length === 0) return undefined;
  const list = el(
    'ul',
    { class: 'plain' },
    shown.map((item) => el('li', {}, itemLink(item, view))),
  );
  return section('recent', view.texts.t('recent'), list);
}
