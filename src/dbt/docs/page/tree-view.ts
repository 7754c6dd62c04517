/** The folders at the side; what is in one is drawn when it is opened. */
import { type Child, el, replace } from './dom.ts';
import type { Item } from './project.ts';
import { itemHref } from './route.ts';
import { type Folder, type Grouping, treeOf } from './tree.ts';
import { badge, type View } from './view.ts';

export interface TreeView {
  readonly element: HTMLElement;
  /** Marks where the reader is, and opens the folders above it. */
  show(id: string): void;
}

const groupings: readonly Grouping[] = ['project', 'database', 'kind'];

export function createTree(view: View): TreeView {
  const { texts, project } = view;
  const list = el('div', { class: 'tree' });
  const trees = new Map<Grouping, Folder>();
  let [grouping, current]: [Grouping, string] = ['project', ''];
  const draw = (): void => {
    const tree = trees.get(grouping) ?? treeOf(project, grouping);
    trees.set(grouping, tree);
    replace(
      list,
      folderContent(tree, view, () => current),
    );
    mark(list, tree, current);
  };
  const choice = (one: Grouping): HTMLElement =>
    el(
      'button',
      {
        type: 'button',
        'aria-pressed': String(one === grouping),
        click: (event: MouseEvent) => {
          grouping = one;
          for (const button of choices.querySelectorAll('button'))
            button.setAttribute('aria-pressed', String(button === event.currentTarget));
          draw();
        },
      },
      texts.t(`by.${one}`),
    );
  const choices = el(
    'div',
    { class: 'choices', role: 'group', 'aria-label': texts.t('browse') },
    groupings.map(choice),
  );
  draw();
  return {
    element: el('nav', { 'aria-label': texts.t('browse') }, choices, list),
    show(id) {
      current = id;
      const tree = trees.get(grouping);
      if (tree !== undefined) mark(list, tree, id);
    },
  };
}

function folderContent(folder: Folder, view: View, current: () => string): Child {
  return el(
    'ul',
    {},
    folder.folders.map((inner) => el('li', {}, folderView(inner, view, current))),
    folder.items.map((item) => el('li', {}, leaf(item, view, current()))),
  );
}

function folderView(folder: Folder, view: View, current: () => string): HTMLElement {
  const name = folder.name in kindNames ? view.texts.kind(folder.name) : folder.name;
  const size = el('span', { class: 'size' }, view.texts.number(folder.size));
  const details = el('details', { 'data-folder': folder.name }, el('summary', {}, name, ' ', size));
  details.addEventListener('toggle', () => fillFolder(details, folder, view, current));
  return details;
}

const kindNames: Readonly<Record<string, true>> = { saved_query: true, semantic_model: true, unit_test: true };

function fillFolder(details: HTMLDetailsElement, folder: Folder, view: View, current: () => string): void {
  if (details.open && details.childElementCount === 1) details.append(folderContent(folder, view, current) as Node);
}

const leaf = ({ id, name, kind }: Item, { texts }: View, current: string): HTMLElement =>
  el(
    'a',
    { href: itemHref(id), 'data-id': id, 'aria-current': id === current ? 'page' : undefined },
    badge(kind, texts),
    ' ',
    name,
  );

function mark(list: HTMLElement, tree: Folder, id: string): void {
  for (const link of list.querySelectorAll('a[aria-current]')) link.removeAttribute('aria-current');
  const path = pathTo(tree, id);
  if (path === undefined) return;
  let at: Element = list;
  for (const name of path) {
    const next = [...at.querySelectorAll('details')].find((one) => one.dataset.folder === name);
    if (next === undefined) return;
    next.open = true;
    // The event that fills a folder comes later than this needs it.
    next.dispatchEvent(new Event('toggle'));
    at = next;
  }
  const link = [...at.querySelectorAll('a')].find((one) => one.dataset.id === id);
  link?.setAttribute('aria-current', 'page');
  link?.scrollIntoView({ block: 'nearest' });
}

function pathTo({ folders, items }: Folder, id: string): string[] | undefined {
  if (items.some((item) => item.id === id)) return [];
  for (const folder of folders) {
    const rest = pathTo(folder, id);
    if (rest !== undefined) return [folder.name, ...rest];
  }
  return undefined;
}
