import { readFileSync } from 'node:fs';
import {
  bindMacro,
  compileTemplate,
  createEnvironment,
  type Environment,
  fromJs,
  hostFunction,
  PyDict,
  PyError,
  parseJson,
  pythonBuiltins,
  renderNative,
  renderText,
  renderTextAsync,
  repr,
  returnFunction,
  str,
  toJs,
  typeName,
  type Value,
} from '../jinja/index.ts';

/** One case of a file made by Jinja2 as dbt configures it: a template, its context, and what came out. */
export interface JinjaCase {
  readonly id: string;
  readonly template: string;
  readonly context: PyDict;
  readonly mode: 'text' | 'parse' | 'native';
  readonly macros: ReadonlyMap<string, string>;
  readonly expected: unknown;
  readonly errorClass: string | undefined;
  readonly unstable: boolean;
}

export interface CaseFailure {
  readonly id: string;
  readonly template: string;
  readonly expected: string;
  readonly actual: string;
}

const macroPrefix = 'dbt_macro__';
const ENVIRONMENTS: Readonly<Record<JinjaCase['mode'], Environment>> = {
  text: createEnvironment({ macroPrefix }),
  parse: createEnvironment({ macroPrefix, undefinedMode: 'chain' }),
  native: createEnvironment({ macroPrefix, native: true }),
};

/** Reads a file of cases; ints and floats stay apart, as they were written. */
export function readJinjaCases(file: string): readonly JinjaCase[] {
  const cases = (parseJson(readFileSync(file, 'utf8')) as PyDict).get('cases') as Value[];
  return cases.map((value) => caseOf(value as PyDict));
}

function caseOf(source: PyDict): JinjaCase {
  const error = source.get('error') as PyDict | undefined;
  const macros = source.get('macros') as PyDict | undefined;
  return {
    id: str(source.get('id') as Value),
    template: str(source.get('template') as Value),
    context: source.get('context') as PyDict,
    mode: str(source.get('mode') as Value) as JinjaCase['mode'],
    macros: new Map(macros ? [...macros.entries()].map(([key, value]) => [str(key), str(value)] as const) : []),
    expected: toJs(source.get('expected') ?? null),
    errorClass: error ? str(error.get('class') as Value) : undefined,
    unstable: source.get('unstable') === true,
  };
}

function varFunction(): Value {
  const vars = fromJs({ v: 1, lst: [1, 2], d: { k: 'kk' } }) as PyDict;
  return hostFunction('var', (args) => vars.get(args[0] as Value) ?? args[1] ?? null);
}

function contextOf({ context, macros, mode }: JinjaCase, async: boolean): Map<string, Value> {
  const names = new Map<string, Value>([
    ...pythonBuiltins(),
    ['return', returnFunction],
    ['var', varFunction()],
    ['invocation_id', 'x'],
  ]);
  names.set(
    'print',
    hostFunction('print', () => ''),
  );
  names.set('run_started_at', 'now');
  for (const [name, source] of macros) {
    const template = compileTemplate(ENVIRONMENTS[mode === 'native' ? 'text' : mode], source, {
      path: `macros/${name}.sql`,
    });
    names.set(name, bindMacro(template, macroPrefix + name, names, { async }));
  }
  for (const [key, value] of context.entries()) names.set(str(key), value);
  return names;
}

const describeValue = (value: Value): string =>
  JSON.stringify({ type: typeName(value), repr: repr(value), str: str(value) });

/** What the template makes, as text that two runs can be compared by. */
function outcomeOf(run: () => Value): string {
  try {
    return describeValue(run());
  } catch (error) {
    return errorName(error);
  }
}

const errorName = (error: unknown): string => {
  if (!(error instanceof PyError)) return `error ${error instanceof Error ? error.stack : String(error)}`;
  return `error ${error.crossedMacro ? 'CaughtMacroErrorWithNodeError' : error.pyClass}`;
};

function expectedOf({ expected, errorClass, mode }: JinjaCase): string {
  if (errorClass !== undefined) return `error ${errorClass}`;
  if (mode !== 'native') return describeValue(String(expected));
  const { type, repr: text, str: printed } = expected as { type: string; repr: string; str: string };
  return JSON.stringify({ type, repr: text, str: printed });
}

/** Runs a case in the synchronous form, and as text in the asynchronous one too; undefined when it passes. */
async function runJinjaCase(test: JinjaCase): Promise<CaseFailure | undefined> {
  const environment = ENVIRONMENTS[test.mode];
  const compile = () => compileTemplate(environment, test.template, { path: `${test.id}.sql` });
  // A template may change the lists and dicts of its context: each run has its own.
  const fresh = (async: boolean) => contextOf({ ...test, context: copy(test.context) as PyDict }, async);
  const actual = outcomeOf(() =>
    test.mode === 'native' ? renderNative(compile(), fresh(false)) : renderText(compile(), fresh(false)),
  );
  const expected = expectedOf(test);
  const failure = { id: test.id, template: test.template, expected };
  const isRight = (outcome: string): boolean =>
    outcome === expected || (test.unstable && !outcome.startsWith('error ') && test.errorClass === undefined);
  if (!isRight(actual)) return { ...failure, actual };
  if (test.mode === 'native') return undefined;
  const again = await Promise.resolve()
    .then(() => renderTextAsync(compile(), fresh(true)))
    .then(describeValue, errorName);
  return isRight(again) ? undefined : { ...failure, actual: `asynchronously ${again}` };
}

function copy(value: Value): Value {
  if (Array.isArray(value)) return value.map(copy);
  if (!(value instanceof PyDict)) return value;
  return new PyDict([...value.entries()].map(([key, item]) => [key, copy(item)] as const));
}

/** Runs all cases of a file and says how many passed. */
export async function runJinjaCases(
  file: string,
  report: (failure: CaseFailure) => void,
): Promise<{ readonly passed: number; readonly failed: number }> {
  let passed = 0;
  let failed = 0;
  for (const test of readJinjaCases(file)) {
    const failure = await runJinjaCase(test);
    if (failure) report(failure);
    if (failure) failed++;
    else passed++;
  }
  return { passed, failed };
}
