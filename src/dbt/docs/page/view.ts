import type { Child } from './dom.ts';
import { el } from './dom.ts';
import type { Item, Project } from './project.ts';
import { itemHref } from './route.ts';
import type { Texts } from './texts.ts';

/** What every part of the page is drawn from. */
export interface View {
  readonly project: Project;
  readonly texts: Texts;
}

/** A part of the page with its heading, known to screen readers by it. */
export function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  return el('section', { 'aria-labelledby': id }, el('h2', { id }, title), children);
}

export const badge = (kind: string, { kind: name }: Texts): HTMLElement =>
  el('span', { class: 'badge', 'data-kind': kind }, name(kind));

export const itemLink = ({ id, name, kind }: Item, { texts }: View): HTMLElement =>
  el('a', { class: 'item', href: itemHref(id) }, badge(kind, texts), ' ', name);
