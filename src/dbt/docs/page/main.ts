/** Reads the project, then draws what the address says. */
import { type Child, el, replace } from './dom.ts';
import { graphView } from './graph-view.ts';
import { itemView } from './item-view.ts';
import { overviewView } from './overview-view.ts';
import { type Dict, isDict, type Project, readProject } from './project.ts';
import { formatRoute, parseRoute, type Route } from './route.ts';
import { createSearch } from './search-view.ts';
import { createTexts, type Language, languageFor, languages, type Texts } from './texts.ts';
import { createTree } from './tree-view.ts';
import type { View } from './view.ts';

const stored = (name: string): string | null => {
  try {
    return localStorage.getItem(name);
  } catch {
    // A page from a file may have no storage.
    return null;
  }
};

function store(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // The choice then lasts as long as the page.
  }
}

/** What the page holds itself. */
const insideText = (name: string): string => document.getElementById(`data-${name}`)?.textContent ?? '';

async function load(name: string, inside: string): Promise<Dict> {
  if (inside !== '') return JSON.parse(inside) as Dict;
  const answer = await fetch(`${name}.json`, { cache: 'no-cache' });
  if (!answer.ok) throw new Error(`${name}.json: ${answer.status}`);
  const content: unknown = await answer.json();
  if (!isDict(content)) throw new Error(`${name}.json`);
  return content;
}

const themes = ['auto', 'light', 'dark'] as const;

function applyTheme(theme: string): void {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function choices(texts: Texts, redraw: (language: Language) => void): HTMLElement {
  const select = (
    label: string,
    values: readonly (readonly [string, string])[],
    now: string,
    change: (value: string) => void,
  ) =>
    el(
      'select',
      { 'aria-label': label, change: (event: Event) => change((event.currentTarget as HTMLSelectElement).value) },
      values.map(([value, name]) => el('option', { value, selected: value === now }, name)),
    );
  const theme = document.documentElement.dataset.theme ?? 'auto';
  return el(
    'div',
    { class: 'settings' },
    select(
      texts.t('theme'),
      themes.map((one) => [one, texts.t(`theme.${one}`)]),
      theme,
      (value) => {
        applyTheme(value);
        store('duckhouse-docs-theme', value);
      },
    ),
    select(
      texts.t('language'),
      Object.keys(languages).map((one) => [one, one.toUpperCase()]),
      texts.language,
      (value) => {
        store('duckhouse-docs-language', value);
        redraw(value as Language);
      },
    ),
  );
}

/** Ends with what stops listening. */
function draw(project: Project, language: Language): () => void {
  const view: View = { project, texts: createTexts(language) };
  const { t } = view.texts;
  document.documentElement.lang = language;
  const main = el('main', { id: 'content', tabindex: -1 });
  const tree = createTree(view);
  const find = createSearch(view);
  const box = el('input', {
    type: 'search',
    placeholder: t('search'),
    'aria-label': t('search'),
    autocomplete: 'off',
    spellcheck: 'false',
  });
  let first = true;
  const show = (): void => {
    const route = parseRoute(location.hash);
    const { title, content } = contentOf(route, view, find);
    document.title = `${title} · ${project.name || t('title')}`;
    replace(main, content);
    tree.show(route.page === 'item' || route.page === 'graph' ? route.id : '');
    if (route.page === 'search') {
      if (box !== document.activeElement) box.value = route.query;
    } else if (!first) {
      main.querySelector('h1')?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    first = false;
  };
  let waiting: ReturnType<typeof setTimeout> | undefined;
  box.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const next = formatRoute({ page: 'search', query: box.value });
      // One step back leads out of the search, however many letters it took.
      if (parseRoute(location.hash).page === 'search') history.replaceState(null, '', next);
      else history.pushState(null, '', next);
      show();
    }, 120);
  });
  const keys = (event: KeyboardEvent): void => {
    const isTyping = (event.target as Element).closest('input, select, textarea') !== null;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    box.focus();
  };
  const skip = (event: Event): void => {
    event.preventDefault();
    main.focus();
  };
  const link = (name: string, route: Route): HTMLElement => el('a', { href: formatRoute(route) }, name);
  replace(
    document.body,
    el('a', { class: 'skip', href: '#content', click: skip }, t('skip')),
    el(
      'header',
      {},
      link(project.name || t('title'), { page: 'overview', packageName: '' }),
      link(t('lineage'), { page: 'graph', id: '', up: Infinity, down: Infinity, without: [] }),
      el('form', { role: 'search', submit: (event: Event) => event.preventDefault() }, box),
      choices(view.texts, (next) => {
        stop();
        draw(project, next);
      }),
    ),
    el('div', { class: 'page' }, tree.element, main),
  );
  addEventListener('hashchange', show);
  document.addEventListener('keydown', keys);
  const stop = (): void => {
    removeEventListener('hashchange', show);
    document.removeEventListener('keydown', keys);
  };
  show();
  return stop;
}

function contentOf(route: Route, view: View, find: (query: string) => Child): { title: string; content: Child } {
  const { project, texts } = view;
  const { t } = texts;
  if (route.page === 'overview') return { title: t('overview'), content: overviewView(route.packageName, view) };
  if (route.page === 'search') return { title: t('searchShort'), content: find(route.query) };
  if (route.page === 'graph') return { title: t('lineage'), content: graphView(route, view) };
  const item = project.items.get(route.id);
  if (item !== undefined) return { title: item.name, content: itemView(item, view) };
  const text = t('notFound', { id: route.id });
  return { title: text, content: [el('h1', { tabindex: -1 }, text)] };
}

async function start(): Promise<void> {
  applyTheme(stored('duckhouse-docs-theme') ?? 'auto');
  const wanted = stored('duckhouse-docs-language');
  const language = wanted === 'en' || wanted === 'fr' ? wanted : languageFor(navigator.languages);
  const { t } = createTexts(language);
  const names = ['manifest', 'catalog', 'column_lineage'] as const;
  const inside = new Map(names.map((name) => [name, insideText(name)]));
  replace(document.body, el('main', {}, el('p', { role: 'status' }, t('loading'))));
  try {
    // A catalog needs a database, columns' lineage too; the page does without.
    const isWhole = inside.get('manifest') !== '';
    const maybe = async (name: 'catalog' | 'column_lineage'): Promise<Dict> =>
      isWhole && inside.get(name) === '' ? {} : load(name, inside.get(name) ?? '').catch(() => ({}));
    const [manifest, catalog, columnLineage] = await Promise.all([
      load('manifest', inside.get('manifest') ?? ''),
      maybe('catalog'),
      maybe('column_lineage'),
    ]);
    draw(readProject({ manifest, catalog, columnLineage }), language);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    replace(
      document.body,
      el('main', { role: 'alert' }, el('p', {}, t('failed', { reason })), el('p', {}, t('failedHint'))),
    );
  }
}

void start();
