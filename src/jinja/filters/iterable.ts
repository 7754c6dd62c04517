import { PyObject, type Value } from '../values/object.ts';

export const isIterable = (value: Value): boolean =>
  typeof value === 'string' || Array.isArray(value) || (value instanceof PyObject && value.iterate() !== undefined);
