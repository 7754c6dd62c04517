import { type Child, el } from './dom.ts';
import { type Hit, indexProject, type SearchIndex, search } from './search.ts';
import { itemLink, type View } from './view.ts';

const limit = 200;

/** Answers a query; the project is indexed when the first one comes. */
export function createSearch(view: View): (query: string) => Child {
  let index: SearchIndex | undefined;
  return (query) => {
    index ??= indexProject(view.project);
    return resultsView(query, search(index, query, limit + 1), view);
  };
}

function resultsView(query: string, hits: readonly Hit[], view: View): Child {
  const { t } = view.texts;
  const count = hits.length > limit ? `${view.texts.number(limit)}+` : view.texts.number(hits.length);
  return [
    el('h1', { tabindex: -1 }, t('searchShort')),
    el('p', { role: 'status' }, hits.length === 0 ? t('noResults', { query }) : t('results', { query, count })),
    el(
      'ol',
      { class: 'plain results' },
      hits.slice(0, limit).map((hit) => el('li', {}, hitView(hit, view))),
    ),
    hits.length > limit ? el('p', { class: 'quiet' }, t('more', { count: limit })) : undefined,
  ];
}

function hitView({ item, fields }: Hit, view: View): Child {
  const { t } = view.texts;
  const where = fields.slice(0, 3).map((field) => t(`field.${field}`));
  const text = item.description.trim().split('\n')[0] ?? '';
  return [
    itemLink(item, view),
    el('span', { class: 'quiet' }, ' ', t('foundIn', { fields: where.join(', ') })),
    text === '' ? undefined : el('p', {}, text.length > 200 ? `${text.slice(0, 200)}…` : text),
  ];
}
