import { checkCount } from '../operations/arguments.ts';
import type { PyFloat } from '../values/float.ts';
import { PyTuple } from '../values/tuple.ts';
import { type Method, methods } from './method.ts';

type Int = number | bigint;

const none =
  <Self>(name: string, run: (self: Self) => ReturnType<Method<Self>>): Method<Self> =>
  (self, args, kwargs) => {
    checkCount(name, args, kwargs, 0);
    return run(self);
  };

export const INT_METHODS = methods<Int>({
  bit_length: none('int.bit_length', (self) =>
    Number(self) === 0 ? 0 : (self < 0 ? -BigInt(self) : BigInt(self)).toString(2).length,
  ),
  is_integer: none('int.is_integer', () => true),
  conjugate: none('int.conjugate', (self) => self),
  as_integer_ratio: none('int.as_integer_ratio', (self) => new PyTuple([self, 1])),
});

export const FLOAT_METHODS = methods<PyFloat>({
  is_integer: none('float.is_integer', (self) => Number.isInteger(self.value)),
  conjugate: none('float.conjugate', (self) => self),
});

/** The attributes of an int that are no methods. */
export function intAttribute(self: Int, name: string): Int | undefined {
  if (name === 'real' || name === 'numerator') return self;
  return name === 'imag' ? 0 : name === 'denominator' ? 1 : undefined;
}
