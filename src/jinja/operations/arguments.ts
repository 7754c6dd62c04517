import { typeError } from '../errors.ts';
import { asNumber } from '../values/compare.ts';
import { type Args, type Kwargs, typeName, type Value } from '../values/object.ts';

/**
 * The arguments of a call by name, as a Python function with these parameters takes them; a parameter without an
 * entry in `defaults` is required. Throws TypeError as Python does.
 */
export function readArguments<const Name extends string>(
  name: string,
  parameters: readonly Name[],
  args: Args,
  kwargs: Kwargs,
  defaults?: Readonly<Partial<Record<NoInfer<Name>, Value>>>,
): Record<Name, Value> {
  if (args.length > parameters.length) throw typeError(tooMany(name, parameters.length, args.length, defaults ?? {}));
  const found: Record<string, Value> = { ...defaults } as Record<string, Value>;
  for (const [i, value] of args.entries()) found[parameters[i] as Name] = value;
  for (const [key, value] of kwargs) {
    const index = parameters.indexOf(key as Name);
    if (index < 0) throw typeError(`${name}() got an unexpected keyword argument '${key}'`);
    if (index < args.length) throw typeError(`${name}() got multiple values for argument '${key}'`);
    found[key] = value;
  }
  const missing = parameters.filter((parameter) => !Object.hasOwn(found, parameter));
  if (missing.length > 0) throw typeError(missingText(name, missing));
  return found as Record<Name, Value>;
}

function tooMany(name: string, most: number, given: number, defaults: object): string {
  const optional = Object.keys(defaults).length;
  const takes = optional > 0 ? `from ${most - optional} to ${most}` : String(most);
  return `${name}() takes ${takes} positional argument${most === 1 && optional === 0 ? '' : 's'} but ${given} ${given === 1 ? 'was' : 'were'} given`;
}

function missingText(name: string, missing: readonly string[]): string {
  const quoted = missing.map((parameter) => `'${parameter}'`);
  const last = quoted.pop() as string;
  const list =
    quoted.length === 0 ? last : quoted.length === 1 ? `${quoted[0]} and ${last}` : `${quoted.join(', ')}, and ${last}`;
  return `${name}() missing ${missing.length} required positional argument${missing.length === 1 ? '' : 's'}: ${list}`;
}

/** Checks the count of arguments of a built-in method that takes no keywords. */
export function checkCount(name: string, args: Args, kwargs: Kwargs, least: number, most = least): void {
  if (kwargs.size > 0) throw typeError(`${name}() takes no keyword arguments`);
  if (args.length >= least && args.length <= most) return;
  const short = name.split('.').at(-1);
  if (least === most) {
    const takes = least === 0 ? 'no arguments' : least === 1 ? 'exactly one argument' : `exactly ${least} arguments`;
    if (least <= 1) throw typeError(`${name}() takes ${takes} (${args.length} given)`);
    throw typeError(`${short} expected ${least} arguments, got ${args.length}`);
  }
  const [word, bound] = args.length < least ? ['least', least] : ['most', most];
  throw typeError(`${short} expected at ${word} ${bound} argument${bound === 1 ? '' : 's'}, got ${args.length}`);
}

/** An int argument as a JavaScript number. */
export function asIndex(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return Number(asNumber(value));
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}
