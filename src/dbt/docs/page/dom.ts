/** Elements from data: text is always text, never markup. */

export type Child = Node | string | undefined | readonly Child[];

export interface Props {
  readonly [attribute: string]: string | number | boolean | undefined | ((event: never) => void);
}

const svgSpace = 'http://www.w3.org/2000/svg';

export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), props, children);
}

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  props: Props = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  return fill(document.createElementNS(svgSpace, name), props, children);
}

function fill<One extends Element>(element: One, props: Props, children: readonly Child[]): One {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value as (event: Event) => void);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  add(element, children);
  return element;
}

export function add(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined) continue;
    if (Array.isArray(child)) add(parent, child);
    else parent.append(child as Node | string);
  }
}

export function replace(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  add(parent, children);
}
