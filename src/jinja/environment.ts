import { PyError, valueError } from './errors.ts';
import { FILTERS } from './filters/filters.ts';
import { TESTS } from './filters/tests.ts';
import { NATIVE_FILTERS } from './native.ts';
import { Cycler, makeDict, makeJoiner, Namespace } from './objects.ts';
import { asIndex, checkCount } from './operations/arguments.ts';
import { Runtime } from './runtime.ts';
import type { Filter, Test } from './runtime-types.ts';
import { ProgramCache } from './template.ts';
import { type Args, type Kwargs, PyClass, type Value } from './values/object.ts';
import { PyRange } from './values/sequences.ts';

export interface EnvironmentOptions {
  /** `chain`: what is undefined stays so through attributes and calls, as dbt parses; `strict`: Jinja's own. */
  readonly undefinedMode?: 'strict' | 'chain';
  /** Templates give values instead of text (YAML). */
  readonly native?: boolean;
  /** Put before the name of every macro, test, materialization and docs block a template defines. */
  readonly macroPrefix?: string;
  readonly filters?: ReadonlyMap<string, Filter>;
  readonly tests?: ReadonlyMap<string, Test>;
  /** Names every template knows beside its context. */
  readonly globals?: ReadonlyMap<string, Value>;
}

/** What templates are compiled against; holds the programs used lately, by source. */
export interface Environment {
  readonly runtime: Runtime;
  readonly globals: ReadonlyMap<string, Value>;
  readonly macroPrefix: string;
  readonly native: boolean;
  readonly programs: ProgramCache;
}

/** As in Jinja's sandbox: longer ones would fill the memory. */
const maxRange = 100_000;

function range(args: Args, kwargs: Kwargs): Value {
  checkCount('range', args, kwargs, 1, 3);
  const [first = 0, second = null, step = 1] = args.map(asIndex);
  if (step === 0) throw valueError('range() arg 3 must not be zero');
  const made = second === null ? new PyRange(0, first, 1) : new PyRange(first, second, step);
  if (made.length() <= maxRange) return made;
  throw new PyError('OverflowError', `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${maxRange}).`);
}

const GLOBALS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['range', new PyClass('range', range)],
  ['dict', new PyClass('dict', makeDict)],
  ['namespace', new PyClass('jinja2.utils.Namespace', (args, kwargs) => new Namespace(args, kwargs))],
  ['cycler', new PyClass('jinja2.utils.Cycler', (args) => new Cycler(args))],
  ['joiner', new PyClass('jinja2.utils.Joiner', makeJoiner)],
]);

export function createEnvironment(options: EnvironmentOptions = {}): Environment {
  const native = options.native ?? false;
  const runtime = new Runtime({
    chainUndefined: options.undefinedMode === 'chain',
    native,
    filters: new Map<string, Filter>([...FILTERS, ...NATIVE_FILTERS, ...(options.filters ?? [])]),
    tests: new Map<string, Test>([...TESTS, ...(options.tests ?? [])]),
  });
  const globals = new Map([...GLOBALS, ...(options.globals ?? [])]);
  return { runtime, globals, native, macroPrefix: options.macroPrefix ?? '', programs: new ProgramCache() };
}
