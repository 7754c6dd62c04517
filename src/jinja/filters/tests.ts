import { typeError } from '../errors.ts';
import { contains } from '../methods/attribute.ts';
import { binary } from '../operations/arithmetic.ts';
import type { Test } from '../runtime-types.ts';
import { orderOrFail } from '../values/compare.ts';
import { PyDict } from '../values/dict.ts';
import { PyFloat } from '../values/float.ts';
import { equals, hashKey } from '../values/keys.ts';
import { type Args, isCallable, PyObject, PyUndefined, type Value } from '../values/object.ts';
import { Markup } from '../values/sequences.ts';
import { str } from '../values/text.ts';
import { PyTuple } from '../values/tuple.ts';
import { isIterable } from './iterable.ts';

const simple =
  (check: (value: Value) => boolean): Test =>
  (_runtime, value, args) => {
    if (args.length > 0) throw typeError(`this test takes 1 positional argument but ${args.length + 1} were given`);
    return check(value);
  };

const withOne =
  (check: (value: Value, other: Value) => boolean): Test =>
  (_runtime, value, args) => {
    if (args.length !== 1) throw typeError(`expected 2 arguments, got ${args.length + 1}`);
    return check(value, args[0] as Value);
  };

const isInteger = (value: Value): boolean => typeof value === 'number' || typeof value === 'bigint';
const isString = (value: Value): boolean => typeof value === 'string' || value instanceof Markup;
const isDefined = (value: Value): boolean => !(value instanceof PyUndefined);
const isNumber = (value: Value): boolean =>
  isInteger(value) || typeof value === 'boolean' || value instanceof PyFloat || isDecimal(value);
const isDecimal = (value: Value): boolean => value instanceof PyObject && value.typeName === 'decimal.Decimal';
const remainderIs = (value: Value, by: Value, wanted: number): boolean => equals(binary('%', value, by), wanted);

const isSequence = (value: Value): boolean => {
  if (typeof value === 'string' || Array.isArray(value)) return true;
  return (
    (value instanceof PyObject && value.length() !== undefined && value.item !== PyObject.prototype.item) ||
    value instanceof PyTuple ||
    isRange(value)
  );
};
const isRange = (value: Value): boolean => value instanceof PyObject && value.typeName === 'range';

const isSame = (a: Value, b: Value): boolean =>
  a === b || (a instanceof PyFloat && b instanceof PyFloat && Object.is(a.value, b.value));

const equal = withOne(equals);
const unequal = withOne((a, b) => !equals(a, b));
const greater = withOne((a, b) => orderOrFail('>', a, b) > 0);
const greaterOrEqual = withOne((a, b) => orderOrFail('>=', a, b) >= 0);
const less = withOne((a, b) => orderOrFail('<', a, b) < 0);
const lessOrEqual = withOne((a, b) => orderOrFail('<=', a, b) <= 0);

const isCase = (value: Value, change: (text: string) => string): boolean => {
  const text = str(value);
  return text === change(text) && text.toLowerCase() !== text.toUpperCase();
};

const knows =
  (table: 'filters' | 'tests'): Test =>
  (runtime, value: Value, _args: Args) => {
    hashKey(value);
    return typeof value === 'string' && runtime[table].has(value);
  };

/** The tests of Jinja2. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['defined', simple(isDefined)],
  ['undefined', simple((value) => !isDefined(value))],
  ['none', simple((value) => value === null)],
  ['boolean', simple((value) => typeof value === 'boolean')],
  ['true', simple((value) => value === true)],
  ['false', simple((value) => value === false)],
  ['integer', simple(isInteger)],
  ['float', simple((value) => value instanceof PyFloat)],
  ['number', simple(isNumber)],
  ['string', simple(isString)],
  ['mapping', simple((value) => value instanceof PyDict || (value instanceof PyObject && 'isMapping' in value))],
  ['sequence', simple((value) => isSequence(value) || !isDefined(value))],
  ['iterable', simple(isIterable)],
  ['callable', simple(isCallable)],
  ['escaped', simple((value) => value instanceof Markup)],
  ['lower', simple((value) => isCase(value, (text) => text.toLowerCase()))],
  ['upper', simple((value) => isCase(value, (text) => text.toUpperCase()))],
  ['odd', simple((value) => remainderIs(value, 2, 1))],
  ['even', simple((value) => remainderIs(value, 2, 0))],
  ['divisibleby', withOne((value, by) => remainderIs(value, by, 0))],
  ['sameas', withOne(isSame)],
  ['in', withOne((value, list) => contains(list, value, equals))],
  ['filter', knows('filters')],
  ['test', knows('tests')],
  ['==', equal],
  ['eq', equal],
  ['equalto', equal],
  ['!=', unequal],
  ['ne', unequal],
  ['>', greater],
  ['gt', greater],
  ['greaterthan', greater],
  ['>=', greaterOrEqual],
  ['ge', greaterOrEqual],
  ['<', less],
  ['lt', less],
  ['lessthan', less],
  ['<=', lessOrEqual],
  ['le', lessOrEqual],
]);
