import { hostFunction, lazyFromJs, PyDict, type Value } from '../../jinja/index.ts';

/** A dict that packages also ask for `to_dict()`, as the objects of dbt's results have it. */
export class DbtObject extends PyDict {
  static of(record: object): DbtObject {
    return new DbtObject(Object.entries(record).map(([key, value]) => [key, lazyFromJs(value)] as const));
  }
  override attr(name: string): Value | undefined {
    if (name !== 'to_dict') return undefined;
    return hostFunction(name, (_, kwargs) => {
      const entries = [...this.entries()].filter(([, value]) => value !== null || kwargs.get('omit_none') !== true);
      return new PyDict(entries.map(([key, value]) => [key, plainValue(value)] as const));
    });
  }
}

function plainValue(value: Value): Value {
  if (Array.isArray(value)) return value.map(plainValue);
  return value instanceof DbtObject ? new PyDict(value.entries()) : value;
}
