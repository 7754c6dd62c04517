/** The picture of the lineage: it can be moved, enlarged, walked through by keys, and read as a list. */

import { createCamera } from './camera.ts';
import { type Child, el, svg } from './dom.ts';
import { type Layout, layoutGraph, type Placed } from './layout.ts';
import { allNodes, lineageKinds, nodesAround } from './lineage.ts';
import type { Item } from './project.ts';
import { formatRoute, itemHref, type Route } from './route.ts';
import { itemLink, type View } from './view.ts';

type GraphRoute = Extract<Route, { page: 'graph' }>;

const box = { width: 176, height: 30 };
const options = { columnWidth: 236, rowHeight: 42, tallest: 60 };

export function graphView(route: GraphRoute, view: View): Child {
  const { project, texts } = view;
  const { t } = texts;
  const root = project.items.get(route.id);
  const kinds = new Set([...lineageKinds].filter((kind) => !route.without.includes(kind)));
  const ids = (root === undefined ? allNodes(project, kinds) : nodesAround(project, route)).filter(
    (id) => id === route.id || kinds.has(project.items.get(id)?.kind ?? ''),
  );
  const layout = layoutGraph(ids, (id) => project.items.get(id)?.parents ?? [], options);
  const title = root === undefined ? t('wholeLineage') : t('lineageOf', { name: root.name });
  return [
    el('h1', { tabindex: -1 }, title),
    controls(route, root, view),
    el('p', { class: 'quiet' }, t('graphSize', { nodes: layout.nodes.size, edges: layout.edges.length })),
    layout.nodes.size === 0 ? el('p', {}, t('emptyGraph')) : picture(layout, route.id, title, view),
    listView(layout, view),
  ];
}

function controls(route: GraphRoute, root: Item | undefined, view: View): HTMLElement {
  const { t, kind: kindName } = view.texts;
  const go = (change: Partial<GraphRoute>): void => {
    location.hash = formatRoute({ ...route, ...change });
  };
  const steps = (label: string, name: 'up' | 'down'): HTMLElement => {
    const option = (value: number): HTMLElement =>
      el('option', { value, selected: route[name] === value }, Number.isFinite(value) ? String(value) : t('all'));
    const change = (event: Event): void => go({ [name]: Number((event.currentTarget as HTMLSelectElement).value) });
    return el('label', {}, label, ' ', el('select', { change }, [0, 1, 2, 3, 5, Infinity].map(option)));
  };
  const there = new Set([...view.project.items.values()].map(({ kind }) => kind));
  const toggle = (kind: string): HTMLElement => {
    const change = (event: Event): void => {
      const isOn = (event.currentTarget as HTMLInputElement).checked;
      go({ without: isOn ? route.without.filter((one) => one !== kind) : [...route.without, kind] });
    };
    const checked = !route.without.includes(kind);
    return el('label', {}, el('input', { type: 'checkbox', checked, change }), ' ', kindName(kind));
  };
  return el(
    'div',
    { class: 'controls' },
    root === undefined ? undefined : [itemLink(root, view), steps(t('up'), 'up'), steps(t('down'), 'down')],
    el('fieldset', {}, el('legend', {}, t('kinds')), [...lineageKinds].filter((kind) => there.has(kind)).map(toggle)),
  );
}

function picture(layout: Layout, rootId: string, title: string, view: View): HTMLElement {
  const { t } = view.texts;
  const edges = new Map<string, SVGPathElement[]>();
  const lines = layout.edges.map(([from, to]) => {
    const line = svg('path', { d: curve(layout.nodes.get(from), layout.nodes.get(to)) });
    for (const id of [from, to]) {
      const known = edges.get(id);
      if (known === undefined) edges.set(id, [line]);
      else known.push(line);
    }
    return line;
  });
  const nodes = new Map([...layout.nodes.values()].map((placed) => [placed.id, nodeView(placed, rootId, view)]));
  const stage = svg(
    'svg',
    { role: 'group', 'aria-label': title, 'aria-describedby': 'graph-help', class: 'graph' },
    svg('g', { class: 'edges', 'aria-hidden': 'true' }, lines),
    svg('g', {}, [...nodes.values()]),
  );
  // A small picture takes no more room than it needs.
  if (layout.height < 500) stage.style.height = `${Math.max(220, layout.height + 80)}px`;
  const camera = createCamera(stage, { width: layout.width, height: layout.height, margin: 24 });
  const focusOn = rootId !== '' && nodes.has(rootId) ? rootId : (layout.nodes.keys().next().value ?? '');
  nodes.get(focusOn)?.setAttribute('tabindex', '0');
  stage.addEventListener('keydown', (event) => {
    const next = nextNode(event, layout, view);
    if (next === undefined) return camera.key(event);
    event.preventDefault();
    for (const node of nodes.values()) node.setAttribute('tabindex', '-1');
    nodes.get(next)?.setAttribute('tabindex', '0');
    nodes.get(next)?.focus();
    const at = layout.nodes.get(next);
    if (at !== undefined) camera.show(at.x, at.y, box);
  });
  const mark = (event: Event): void => light(event, edges);
  for (const type of ['mouseover', 'mouseout', 'focusin', 'focusout']) stage.addEventListener(type, mark);
  const button = (label: string, sign: string, click: () => void): HTMLElement =>
    el('button', { type: 'button', 'aria-label': label, title: label, click }, sign);
  return el(
    'div',
    { class: 'picture' },
    el(
      'div',
      { class: 'choices' },
      button(t('zoomIn'), '+', () => camera.zoom(1 / 1.4)),
      button(t('zoomOut'), '−', () => camera.zoom(1.4)),
      button(t('fit'), '⤢', () => camera.fit()),
    ),
    stage,
    el('p', { id: 'graph-help', class: 'quiet' }, t('graphHelp')),
  );
}

function nodeView({ id, x, y }: Placed, rootId: string, { project, texts }: View): SVGAElement {
  const item = project.items.get(id) as Item;
  const label = texts.t('graphNode', {
    kind: texts.kind(item.kind),
    name: item.name,
    parents: item.parents.length,
    children: item.children.length,
  });
  return svg(
    'a',
    {
      href: itemHref(id),
      class: id === rootId ? 'node root' : 'node',
      'data-kind': item.kind,
      'data-id': id,
      transform: `translate(${x} ${y})`,
      tabindex: -1,
      'aria-label': label,
    },
    svg('title', {}, `${item.name} (${texts.kind(item.kind)})`),
    svg('rect', { width: box.width, height: box.height, rx: 6 }),
    svg('text', { x: 10, y: box.height / 2, 'dominant-baseline': 'central' }, shortened(item.name)),
  );
}

const shortened = (name: string): string => (name.length > 24 ? `${name.slice(0, 11)}…${name.slice(-12)}` : name);

function curve(from: Placed | undefined, to: Placed | undefined): string {
  if (from === undefined || to === undefined) return '';
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x, to.y + box.height / 2];
  const bend = Math.max(24, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function light(event: Event, edges: ReadonlyMap<string, readonly SVGPathElement[]>): void {
  const node = (event.target as Element).closest('.node');
  const isOn = event.type === 'mouseover' || event.type === 'focusin';
  for (const line of edges.get(node?.getAttribute('data-id') ?? '') ?? []) line.classList.toggle('lit', isOn);
}

/** Left to the first parent, right to the first child, up and down within the layer. */
function nextNode(event: KeyboardEvent, { nodes }: Layout, { project }: View): string | undefined {
  const id = (event.target as Element).getAttribute('data-id') ?? '';
  const [at, item] = [nodes.get(id), project.items.get(id)];
  if (at === undefined || item === undefined) return undefined;
  const nearest = (ids: readonly string[]): string | undefined =>
    ids
      .map((one) => nodes.get(one))
      .filter((one) => one !== undefined)
      .sort((a, b) => Math.abs(a.y - at.y) - Math.abs(b.y - at.y))[0]?.id;
  if (event.key === 'ArrowLeft') return nearest(item.parents);
  if (event.key === 'ArrowRight') return nearest(item.children);
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return undefined;
  const layer = [...nodes.values()].filter((one) => one.layer === at.layer);
  return layer[layer.indexOf(at) + (event.key === 'ArrowUp' ? -1 : 1)]?.id;
}

/** The same for those who do not see the picture; drawn when it is asked for. */
function listView(layout: Layout, view: View): HTMLElement {
  const details = el('details', {}, el('summary', {}, view.texts.t('asList')));
  details.addEventListener('toggle', () => {
    if (!details.open || details.childElementCount > 1) return;
    const items = [...layout.nodes.keys()].flatMap((id) => view.project.items.get(id) ?? []);
    details.append(
      el(
        'ol',
        { class: 'plain' },
        items.map((item) => el('li', {}, itemLink(item, view))),
      ),
    );
  });
  return details;
}
