import type { Args, Kwargs, Value } from '../values/object.ts';

/** A method of a built-in type; the receiver comes first. */
export type Method<Self> = (self: Self, args: Args, kwargs: Kwargs) => Value;
export type Methods<Self> = ReadonlyMap<string, Method<Self>>;

export const methods = <Self>(table: Readonly<Record<string, Method<Self>>>): Methods<Self> =>
  new Map(Object.entries(table));
