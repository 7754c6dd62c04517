/** Tests written in YAML on models, columns and sources: their names, ids, arguments and configs. */

import { DuckhouseError } from '../../errors.ts';
import { fromJs, repr, str } from '../../jinja/index.ts';
import { md5 } from '../hash.ts';
import type { Dict, ManifestNode } from '../manifest-types.ts';
import { copyPlain, isDict, isText, listOf, typeName } from '../plain.ts';
import { unrenderedCalls } from '../unrendered-calls.ts';
import { textsOf } from './columns.ts';
import { addConfigCall } from './config-merge.ts';
import { addNode, applyConfig, createNode, fqnOf, takeCaptured } from './nodes.ts';
import type { SchemaFile } from './schema-file.ts';
import type { ParseState } from './state.ts';
import { staticReference } from './static-ref.ts';

/** What a test is attached to. */
export interface TestTarget {
  readonly schema: SchemaFile;
  /** `models`, `seeds`, `snapshots` or `sources`. */
  readonly key: string;
  readonly name: string;
  readonly source?: { readonly name: string; readonly table: string } | undefined;
  readonly version?: string | number | undefined;
  readonly quoteColumns: boolean;
  readonly tags: readonly string[];
}

const configArguments = [
  'severity',
  'tags',
  'enabled',
  'where',
  'limit',
  'warn_if',
  'error_if',
  'fail_calc',
  'store_failures',
  'store_failures_as',
  'sql_header',
  'meta',
  'database',
  'schema',
  'alias',
] as const;
const topLevelKeys: ReadonlySet<string> = new Set(['config', 'column_name', 'description', 'name', ...configArguments]);

export function addTestsOf(
  state: ParseState,
  target: TestTarget,
  columns: readonly Dict[],
  tests: unknown,
): ManifestNode[] {
  const added: ManifestNode[] = [];
  for (const column of columns)
    for (const test of testsOf(target, column)) added.push(addGenericTest(state, target, test, column));
  for (const test of Array.isArray(tests) ? tests : []) added.push(addGenericTest(state, target, test, undefined));
  return added;
}

const isFilled = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** `data_tests`, or `tests` as they were called before. */
export function testsOf(target: TestTarget, entry: Dict): unknown[] {
  if (isFilled(entry.tests) && isFilled(entry.data_tests))
    throw badTest(target, `'${String(entry.name)}' has both 'tests' and 'data_tests'`);
  const tests = entry.data_tests ?? entry.tests ?? [];
  if (!Array.isArray(tests))
    throw badTest(target, `'data_tests' of '${String(entry.name)}' must be a list, not a ${typeName(tests)}`);
  return tests;
}

const badTest = (target: TestTarget, problem: string): DuckhouseError =>
  new DuckhouseError('DataInvalid', `${target.schema.file.original}: ${problem}`, {
    context: { path: target.schema.file.original, node: target.name },
  });

interface BuiltTest {
  readonly name: string;
  readonly namespace: string | null;
  readonly args: Dict;
  readonly config: Dict;
  readonly description: string;
  readonly fullName: string;
  readonly shortName: string;
}

function addGenericTest(
  state: ParseState,
  target: TestTarget,
  written: unknown,
  column: Dict | undefined,
): ManifestNode {
  const columnName = column === undefined ? null : columnText(column, target);
  const test = buildTest(state, target, written, columnName);
  const { file } = target.schema;
  const original = file.original;
  const fqn = fqnOf(file.packageName, original.slice(original.indexOf('/') + 1), test.fullName);
  const metadata = { namespace: test.namespace, name: test.name, kwargs: test.args };
  const hash = md5(test.fullName + repr(fromJs(hashable(metadata)))).slice(-10);
  const tags = [
    ...target.tags,
    ...textsOf(column?.tags),
    ...textsOf(isDict(column?.config) ? column.config.tags : undefined),
  ];
  const node = createNode(state, {
    type: 'test',
    packageName: file.packageName,
    name: test.fullName,
    path: `${test.shortName}.sql`,
    original,
    fqn,
    code: testCode(test),
    checksum: { name: 'none', checksum: '' },
    uniqueId: `test.${file.packageName}.${test.fullName}.${hash}`,
    tags: [...new Set([...tags, ...textsOf(test.config.tags)])].sort(),
  });
  node.description = test.description;
  node.column_name = columnName;
  node.file_key_name = `${target.key}.${target.source?.name ?? target.name}`;
  node.attached_node = null;
  node.test_metadata = { name: test.name, kwargs: test.args, namespace: test.namespace };
  captureTest(state, node, test, target);
  attach(state, node, target);
  addNode(state, node);
  return node;
}

function columnText(column: Dict, target: TestTarget): string {
  const quoted = column.quote === true || (column.quote === undefined && target.quoteColumns);
  return quoted ? `"${String(column.name)}"` : String(column.name);
}

/** Dictionaries sorted by key, all else as text: the id does not depend on the order of arguments. */
function hashable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hashable);
  if (!isDict(value)) return str(fromJs(value));
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, hashable(value[key])]),
  );
}

function buildTest(state: ParseState, target: TestTarget, written: unknown, columnName: string | null): BuiltTest {
  const { macro, args } = splitTest(target, written);
  if (columnName !== null) args.column_name = columnName;
  const merged = withArguments(state, target, { macro, args });
  if ('model' in merged) throw badTest(target, `test '${macro}' must not take an argument 'model'`);
  merged.model = `{{ get_where_subquery(${targetText(target)}) }}`;
  const match = /^(?:([a-zA-Z_][0-9a-zA-Z_]*)\.)?([a-zA-Z_][0-9a-zA-Z_]*)/.exec(macro);
  if (match === null) throw badTest(target, `'${macro}' is no name of a test`);
  const [, namespace, name] = match as unknown as [string, string | undefined, string];
  const config = takeConfig(state, target, merged);
  const description = take(merged, 'description');
  const custom = take(merged, 'name');
  const names = isText(custom)
    ? { fullName: custom, shortName: custom }
    : syntheticNames(testPrefix(target, namespace, name), targetName(target), merged);
  if (names.shortName !== names.fullName && !('alias' in config)) config.alias = names.shortName;
  return {
    name,
    namespace: namespace ?? null,
    args: merged,
    config,
    description: isText(description) ? description : '',
    ...names,
  };
}

/** Arguments stand under `arguments`, unless the project says that it is an argument itself. */
function withArguments(state: ParseState, target: TestTarget, { macro, args }: SplitTest): Dict {
  const { arguments: nested, ...flat } = args;
  const file = target.schema.file.original;
  if (state.flags.REQUIRE_GENERIC_TEST_ARGUMENTS_PROPERTY === false) {
    if (nested !== undefined)
      state.warn({
        name: 'ArgumentsPropertyInGenericTestDeprecation',
        message: `${file}: test '${macro}' of '${target.name}' has an argument named 'arguments', which will hold all of them`,
        data: { test_name: macro },
      });
    return args;
  }
  for (const key of Object.keys(flat))
    if (configArguments.includes(key as never))
      state.warn({
        name: 'PropertyMovedToConfigDeprecation',
        message: `${file}: '${key}' of test '${macro}' of '${target.name}' belongs under its 'config'`,
        data: { file, key, key_path: `data_tests.${macro}.${key}` },
      });
  const isNested = isDict(nested) && Object.keys(nested).length > 0;
  if (!isNested && Object.keys(flat).some((key) => !topLevelKeys.has(key)))
    state.warn({
      name: 'MissingArgumentsPropertyInGenericTestDeprecation',
      message: `${file}: arguments of test '${macro}' of '${target.name}' belong under 'arguments'`,
      data: {
        test_name: `\`${macro}\` defined on '${target.name}' in package '${target.schema.file.packageName}' (${file})`,
      },
    });
  return isDict(nested) ? { ...flat, ...nested } : flat;
}

interface SplitTest {
  readonly macro: string;
  readonly args: Dict;
}

/** A test is a name, `{name: arguments}`, or arguments with a `test_name`. */
function splitTest(target: TestTarget, written: unknown): SplitTest {
  if (isText(written)) return { macro: written, args: {} };
  if (!isDict(written))
    throw badTest(target, `a test of '${target.name}' must be a name or a dictionary, not a ${typeName(written)}`);
  if (isText(written.test_name)) {
    const { test_name: macro, ...args } = written;
    return { macro: macro as string, args: copyPlain(args) };
  }
  const entries = Object.entries(written);
  if (entries.length !== 1)
    throw badTest(
      target,
      `a test of '${target.name}' must have one name, not ${entries.length}: ${entries.map(([key]) => key).join(', ')}`,
    );
  const [macro, args] = entries[0] as [string, unknown];
  if (args !== null && !isDict(args))
    throw badTest(
      target,
      `arguments of test '${macro}' of '${target.name}' must be a dictionary, not a ${typeName(args)}`,
    );
  return { macro, args: copyPlain((args ?? {}) as Dict) };
}

function take(args: Dict, key: string): unknown {
  const value = args[key];
  delete args[key];
  return value;
}

function takeConfig(state: ParseState, target: TestTarget, args: Dict): Dict {
  const nested = args.config;
  if (nested !== undefined && nested !== null && !isDict(nested))
    throw badTest(target, `'config' of a test of '${target.name}' must be a dictionary, not a ${typeName(nested)}`);
  delete args.config;
  const rest: Dict = { ...(nested as Dict | undefined) };
  const config: Dict = {};
  const { packageName, original } = target.schema.file;
  const put = (key: string, value: unknown): void => {
    const rendered = isText(value) ? state.renderer.yamlValue(value, packageName, original) : value;
    if (rendered !== null && rendered !== undefined) config[key] = rendered;
  };
  for (const key of configArguments) {
    const value = take(args, key);
    if (value && key in rest)
      throw badTest(target, `a test of '${target.name}' has '${key}' twice, as an argument and under 'config'`);
    put(key, value || take(rest, key));
    delete rest[key];
  }
  for (const [key, value] of Object.entries(rest)) put(key, value);
  if ('tags' in config && !isText(config.tags) && !Array.isArray(config.tags))
    throw badTest(target, `'tags' of a test of '${target.name}' must be a list of strings, not ${String(config.tags)}`);
  return config;
}

const targetName = ({ name, source, version }: TestTarget): string =>
  source !== undefined ? `${source.name}_${source.table}` : version === undefined ? name : `${name}_v${version}`;

const testPrefix = ({ source }: TestTarget, namespace: string | undefined, name: string): string => {
  const plain = source === undefined ? name : `source_${name}`;
  return namespace === undefined ? plain : `${namespace}_${plain}`;
};

const targetText = ({ name, source, version }: TestTarget): string => {
  if (source !== undefined) return `source('${source.name}', '${source.table}')`;
  return version === undefined ? `ref('${name}')` : `ref('${name}', version='${version}')`;
};

/** All arguments in the name; a name of 64 or more characters is cut and hashed for file and alias. */
function syntheticNames(
  type: string,
  target: string,
  args: Dict,
): { readonly fullName: string; readonly shortName: string } {
  const parts = Object.keys(args)
    .sort()
    .filter((key) => key !== 'model')
    .flatMap((key) => {
      const value = args[key];
      return isDict(value) ? Object.values(value) : listOf(value);
    })
    .map((part) => str(fromJs(part)).replace(/[^0-9a-zA-Z_]+/g, '_'));
  const identifier = `${type}_${target}`;
  const fullName = `${identifier}_${parts.join('__')}`;
  return { fullName, shortName: fullName.length >= 64 ? `${identifier.slice(0, 30)}_${md5(fullName)}` : fullName };
}

function testCode({ name, namespace, config }: BuiltTest): string {
  const macro = namespace === null ? `test_${name}` : `${namespace}.test_${name}`;
  const configs = Object.entries(config)
    .map(([key, value]) => `${key}=${isText(value) ? `"${value.replaceAll('"', '\\"')}"` : str(fromJs(value))}`)
    .join(',');
  return `{{ ${macro}(**_dbt_generic_test_kwargs) }}${configs === '' ? '' : `{{ config(${configs}) }}`}`;
}

/** Built-in tests call `ref` only through their arguments, so those are read without rendering. */
const simpleTests = new Set(['test_not_null', 'test_unique', 'test_accepted_values', 'test_relationships']);

function captureTest(state: ParseState, node: ManifestNode, test: BuiltTest, target: TestTarget): void {
  const macro = state.macros.testMacro(`test_${test.name}`, node.package_name);
  node.depends_on.macros.push(macro?.unique_id ?? 'None'); // as dbt writes a test that has no macro
  const calls: Dict = {};
  addConfigCall(calls, test.config);
  const simple = macro?.package_name === 'dbt' && (macro.name === 'test_not_null' || macro.name === 'test_unique');
  const wrapper = state.macros.resolve('get_where_subquery', state.root.name);
  const references =
    macro?.package_name === 'dbt' && simpleTests.has(macro.name) && (simple || wrapper?.package_name === 'dbt')
      ? argumentReferences(test.args, simple ? target : asWritten(target))
      : undefined;
  if (references === undefined) takeCaptured(node, state.renderer.captureTest(node, calls));
  else {
    node.refs.push(...references.refs);
    node.sources.push(...references.sources);
    if (!simple) {
      node.depends_on.macros.push('macro.dbt.get_where_subquery');
      // Rendering calls `config` once more, which shows in lists that are joined.
      addConfigCall(calls, test.config);
    }
  }
  state.calls.set(node, { calls, unrendered: simple ? undefined : unrenderedCalls(node.raw_code) });
  applyConfig(state, node);
}

/** A version as the text of a call has it. */
const asWritten = (target: TestTarget): TestTarget =>
  target.version === undefined ? target : { ...target, version: String(target.version) };

/** References among the arguments, in their order; undefined when one must be rendered. */
function argumentReferences(args: Dict, target: TestTarget): Pick<ManifestNode, 'refs' | 'sources'> | undefined {
  const refs: ManifestNode['refs'] = [];
  const sources: ManifestNode['sources'] = [];
  for (const [key, value] of Object.entries(args)) {
    if (key === 'model') {
      if (target.source !== undefined) sources.push([target.source.name, target.source.table]);
      else refs.push({ name: target.name, package: null, version: target.version ?? null });
    } else if (key !== 'column_name' && !isInert(value)) {
      const found = isText(value) ? staticReference(value.trim().replace(/^\{\{(.*)\}\}$/s, '$1')) : undefined;
      if (found === undefined) return undefined;
      if (found.ref !== undefined) refs.push(found.ref);
      else sources.push(found.source as string[]);
    }
  }
  return { refs, sources };
}

const isInert = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.every(isInert);
  if (isDict(value)) return Object.values(value).every(isInert);
  return !isText(value) || !/\{[{%#]|^\s*(env_var|ref|var|source|doc)\s*\(/.test(value);
};

/** The node under test gives the test its group. */
function attach(state: ParseState, node: ManifestNode, target: TestTarget): void {
  if (target.source !== undefined) return;
  const { packageName } = target.schema.file;
  const attached =
    state.refs.find(target.name, packageName, target.version ?? null) ??
    (state.disabled.find(target.name, null)[0] as ManifestNode | undefined);
  if (attached === undefined) return;
  node.attached_node = attached.unique_id;
  node.group = attached.group;
}
