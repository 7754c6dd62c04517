/**
 * Jinja as dbt speaks it: text to functions, with Python's values, operators, methods and printing.
 * Knows nothing of dbt's project; hosts give it contexts of values and functions (see `render.ts`, `values/object.ts`).
 *
 *   const environment = createEnvironment({ macroPrefix: 'dbt_macro__' });
 *   const template = compileTemplate(environment, source, { path: 'models/a.sql', name: 'model a' });
 *   renderText(template, new Map([['ref', hostFunction('ref', (args, kwargs) => ...)]]));
 *
 * `renderTextAsync` awaits functions that answer with promises. `bindMacro` makes a macro callable in a context.
 * Templates reach no JavaScript object: attributes go through `PyObject.attr` and tables of methods only.
 */
export { type Block, type BlockOptions, extractBlocks } from './blocks.ts';
export { fromJs, lazyFromJs, toJs } from './convert.ts';
export { createEnvironment, type Environment, type EnvironmentOptions } from './environment.ts';
export { addFrame, type Frame, framesOf, PyError, positionAt, typeError, valueError } from './errors.ts';
export { pythonBuiltins } from './library/builtins.ts';
export { DATETIME_MODULE, PyDate, PyDateTime, PyTime, parseIso } from './library/datetime.ts';
export { PyDecimal } from './library/decimal.ts';
export { fromJson as parseJson, toJson } from './library/json.ts';
export { PyTimedelta } from './library/timedelta.ts';
export { fixedZone, PyTimezone, UTC } from './library/timezone.ts';
export { fromYaml } from './library/yaml.ts';
export { toYaml } from './library/yaml-dump.ts';
export { literalEval } from './literal-eval.ts';
export { formatMapping, maybeAttribute, maybeItem } from './methods/attribute.ts';
export { readArguments } from './operations/arguments.ts';
export { formatPercent } from './operations/percent.ts';
export {
  bindMacro,
  type Context,
  compileTemplate,
  type MacroOptions,
  renderNative,
  renderText,
  renderTextAsync,
  returnFunction,
  type Template,
  type TemplateLabel,
} from './render.ts';
export { MacroReturn } from './runtime.ts';
export type { Filter, Test } from './runtime-types.ts';
export { type StaticCall, staticCalls } from './static-calls.ts';
export { stopTemplatesOn } from './turns.ts';
export { keywordTexts } from './unparse.ts';
export { keyError, PyDict } from './values/dict.ts';
export { floatRepr, jsonText, PyFloat } from './values/float.ts';
export { equals } from './values/keys.ts';
export {
  type Args,
  type BinaryOperator,
  type HostFunction,
  hostFunction,
  isCallable,
  type Kwargs,
  NO_KWARGS,
  PyClass,
  PyFunction,
  PyModule,
  PyObject,
  PyUndefined,
  typeName,
  type Value,
} from './values/object.ts';
export { iterate, Markup, PyIterator, PyRange } from './values/sequences.ts';
export { PySet } from './values/set.ts';
export { repr, str, truth } from './values/text.ts';
export { PyTuple } from './values/tuple.ts';
