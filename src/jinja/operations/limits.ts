import { PyError } from '../errors.ts';

/** Longer lists would end the process when they grow: JavaScript cannot refuse that in a way that can be caught. */
export const maxItems = 2 ** 22;

const tooLong = (count: number): PyError => new PyError('MemoryError', `a sequence of ${count} items is too long`);

export function checkLength(count: number, most = maxItems): void {
  if (count > most) throw tooLong(count);
}

/** Items that may never end, as many as a list may hold. */
export function* bounded<Item>(items: Iterable<Item>): Generator<Item> {
  let count = 0;
  for (const item of items) {
    if (++count > maxItems) throw tooLong(count);
    yield item;
  }
}

/** Adds items one by one: as arguments of a call so many would not fit. */
export function pushAll<Item>(list: Item[], items: Iterable<Item>): void {
  const added = items === list ? [...items] : items;
  for (const item of added) {
    checkLength(list.length + 1);
    list.push(item);
  }
}
