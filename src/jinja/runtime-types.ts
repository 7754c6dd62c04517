import type { Args, Kwargs, PyUndefined, Value } from './values/object.ts';

/** What filters and tests may ask of the environment they run in. */
export interface FilterRuntime {
  readonly native: boolean;
  readonly filters: ReadonlyMap<string, Filter>;
  readonly tests: ReadonlyMap<string, Test>;
  undefinedValue(name: Value, message: string): PyUndefined;
  attr(value: Value, name: string): Value;
  item(value: Value, key: Value): Value;
  applyFilter(name: string, value: Value, args: Args, kwargs: Kwargs): Value;
  applyTest(name: string, value: Value, args: Args, kwargs: Kwargs): boolean;
}

export type Filter = (runtime: FilterRuntime, value: Value, args: Args, kwargs: Kwargs) => Value;
export type Test = (runtime: FilterRuntime, value: Value, args: Args, kwargs: Kwargs) => boolean;
