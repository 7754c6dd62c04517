/** `unit_tests:` of YAML files; what they test is found when all models are known. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError, nearestNames } from '../../errors.ts';
import { fromJs, PyDate, repr } from '../../jinja/index.ts';
import { sha256 } from '../hash.ts';
import type { Dict, ManifestNode, UnitTestFixture, UnitTestNode, UnitTestOverrides } from '../manifest-types.ts';
import { addTo, isDict, isText, pathParts, withoutExtension } from '../plain.ts';
import { readCsv } from './csv.ts';
import { type FoundFile, readText } from './files.ts';
import { badShape, entriesOf, type SchemaEntry, type SchemaFile } from './schema-file.ts';
import type { ParseState } from './state.ts';
import { staticReference } from './static-ref.ts';

/** Fixture files by package and name. */
export type Fixtures = ReadonlyMap<string, FoundFile>;

export function readUnitTests(state: ParseState, schema: SchemaFile, fixtures: Fixtures): void {
  for (const { entry } of entriesOf(state, schema, 'unit_tests')) {
    const test = unitTestOf(state, schema, entry, fixtures);
    const { manifest } = state;
    if (test.config.enabled === false) addTo(manifest.disabled, test.unique_id, test);
    else if (manifest.unit_tests[test.unique_id] !== undefined)
      throw badShape(schema.file, `unit test '${test.name}' of model '${test.model}' is defined twice`);
    else manifest.unit_tests[test.unique_id] = test;
  }
}

function unitTestOf(state: ParseState, schema: SchemaFile, entry: SchemaEntry, fixtures: Fixtures): UnitTestNode {
  const { file } = schema;
  const { name, model } = entry as { readonly name: unknown; readonly model: unknown };
  if (!isText(name) || !isText(model)) throw badShape(file, `a unit test needs a name and a model`);
  if (!isDict(entry.expect)) throw badShape(file, `unit test '${name}' needs 'expect'`);
  const { include, exclude } = isDict(entry.versions) ? entry.versions : {};
  if ([include, exclude].every((list) => Array.isArray(list) && list.length > 0))
    throw badShape(file, `unit test '${name}' both includes and excludes versions`);
  const uniqueId = `unit_test.${file.packageName}.${model}.${name}`;
  const inPath = file.original.slice(file.original.indexOf('/') + 1);
  const fqn = [file.packageName, ...pathParts(withoutExtension(inPath)).slice(0, -1), model, name];
  const patch = isDict(entry.config) ? entry.config : {};
  const request = { type: 'unit_test', packageName: file.packageName, fqn, patch } as const;
  const context: FixtureContext = { state, schema, fixtures, test: name };
  const test: UnitTestNode = {
    model,
    given: (Array.isArray(entry.given) ? (entry.given as Dict[]) : []).map((given) =>
      fixtureOf(context, given, 'input'),
    ),
    expect: fixtureOf(context, entry.expect, 'expected'),
    name,
    resource_type: 'unit_test',
    package_name: file.packageName,
    path: file.relative,
    original_file_path: file.original,
    unique_id: uniqueId,
    fqn,
    description: isText(entry.description) ? entry.description : '',
    overrides: overridesOf(entry.overrides),
    depends_on: { macros: [], nodes: [] },
    config: state.configs.build(request, { unique_id: uniqueId, original_file_path: file.original }),
    checksum: null,
    schema: null,
    created_at: state.now,
    versions: versionsOf(entry.versions),
    version: null,
  };
  test.checksum = checksumOf(test);
  return test;
}

const overridesOf = (value: unknown): UnitTestOverrides | null =>
  isDict(value)
    ? {
        macros: (value.macros as Dict) ?? {},
        vars: (value.vars as Dict) ?? {},
        env_vars: (value.env_vars as Dict) ?? {},
      }
    : null;

const versionsOf = (value: unknown): Dict | null =>
  isDict(value) ? { include: value.include ?? null, exclude: value.exclude ?? null } : null;

const pyText = (value: unknown): string => repr(fromJs(value));
const formats = {
  dict: "<UnitTestFormat.Dict: 'dict'>",
  csv: "<UnitTestFormat.CSV: 'csv'>",
  sql: "<UnitTestFormat.SQL: 'sql'>",
};

/** Of all that decides the outcome, in the form that other implementations hash. */
function checksumOf({ model, versions, given, expect, overrides }: UnitTestNode): string {
  const body = ({ rows, format, fixture }: UnitTestFixture): string =>
    `rows=${pyText(rows)}, format=${formats[format]}, fixture=${pyText(fixture)}`;
  const inputs = given.map((one) => `UnitTestInputFixture(input=${pyText(one.input)}, ${body(one)})`).join(', ');
  const over =
    overrides === null
      ? 'None'
      : `UnitTestOverrides(macros=${pyText(overrides.macros)}, vars=${pyText(overrides.vars)}, env_vars=${pyText(overrides.env_vars)})`;
  const { include, exclude } = (versions ?? {}) as Dict;
  const chosen =
    versions === null ? 'None' : `UnitTestNodeVersions(include=${pyText(include)}, exclude=${pyText(exclude)})`;
  const files = given
    .filter(({ fixture }) => fixture !== null)
    .map(({ rows }) => `-${isText(rows) ? rows : pyText(rows)}`);
  return sha256(`${model}-${chosen}-[${inputs}]-UnitTestOutputFixture(${body(expect)})-${over}${files.join('')}`);
}

interface FixtureContext {
  readonly state: ParseState;
  readonly schema: SchemaFile;
  readonly fixtures: Fixtures;
  readonly test: string;
}

function fixtureOf(context: FixtureContext, written: Dict, kind: 'input' | 'expected'): UnitTestFixture {
  const { schema, test } = context;
  const format = (written.format ?? 'dict') as UnitTestFixture['format'];
  if (!['dict', 'csv', 'sql'].includes(format))
    throw badShape(schema.file, `format '${String(format)}' in unit test '${test}' is not one of dict, csv, sql`);
  const fixture: UnitTestFixture = {
    ...(kind === 'input' ? { input: String(written.input ?? '') } : {}),
    rows: (withTextDates(written.rows) as UnitTestFixture['rows']) ?? null,
    format,
    fixture: (written.fixture as string | undefined) ?? null,
  };
  fixture.rows = rowsOf(context, fixture, kind);
  if (format !== 'sql') promoteFullRow(fixture.rows as Dict[]);
  return fixture;
}

/** Dates and times of YAML as texts in ISO form: rows are written as SQL from texts. */
function withTextDates(value: unknown): unknown {
  if (value instanceof PyDate) return value.toJSON();
  if (Array.isArray(value)) return value.map(withTextDates);
  return isDict(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTextDates(item)]))
    : value;
}

function rowsOf(context: FixtureContext, fixture: UnitTestFixture, kind: string): UnitTestFixture['rows'] {
  const { format, rows } = fixture;
  const { schema, test } = context;
  if (format === 'dict') {
    if (rows === null && fixture.fixture === null) return seedRows(context, fixture.input ?? '');
    if (Array.isArray(rows)) return rows;
    throw badShape(
      schema.file,
      `unit test '${test}' has ${kind} rows that do not match format dict: a list of dictionaries is needed`,
    );
  }
  const text = fixture.fixture === null ? rows : fixtureText(context, fixture.fixture);
  if (!isText(text))
    throw badShape(
      schema.file,
      `unit test '${test}' has ${kind} rows that do not match format ${format}: a string or a fixture is needed`,
    );
  if (format === 'sql') return text;
  return readCsv(text).map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === '' ? null : value])),
  );
}

function fixtureText({ schema, fixtures, test }: FixtureContext, name: string): string {
  const { packageName } = schema.file;
  const found = fixtures.get(`${packageName}.${name}`);
  if (found !== undefined) return readText(found).trim();
  const names = [...fixtures.keys()]
    .filter((key) => key.startsWith(`${packageName}.`))
    .map((key) => key.slice(packageName.length + 1));
  throw new DuckhouseError(
    'NotFound',
    `${schema.file.original}: unit test '${test}' names fixture '${name}', which is no file of a 'fixtures' folder of the tests`,
    {
      context: { path: schema.file.original, candidates: nearestNames(name, names) },
    },
  );
}

function seedRows({ state, schema, test }: FixtureContext, input: string): Dict[] {
  const ref = staticReference(input)?.ref;
  const { packageName } = schema.file;
  const seed = ref === undefined ? undefined : state.refs.find(ref.name, ref.package ?? packageName, null);
  if (seed?.resource_type !== 'seed')
    throw badShape(
      schema.file,
      `unit test '${test}' gives no rows for ${input}, and that is no seed to take them from`,
    );
  return readCsv(readFileSync(path.join(seed.root_path ?? '', seed.original_file_path), 'utf8'));
}

/** A first row without nulls tells the types of all columns. */
function promoteFullRow(rows: Dict[]): void {
  const full = rows.findIndex((row) => Object.values(row).every((value) => value !== null));
  if (full > 0) [rows[0], rows[full]] = [rows[full] as Dict, rows[0] as Dict];
}

/** Finds the tested models; a test of a versioned model becomes one for each version. */
export function linkUnitTests(state: ParseState): void {
  for (const test of Object.values(state.manifest.unit_tests)) linkUnitTest(state, test);
}

function linkUnitTest(state: ParseState, test: UnitTestNode): void {
  const { manifest } = state;
  const [name = '', version = null] = test.model.split(/\s+/);
  const tested = state.refs.find(name, test.package_name, version);
  if (tested === undefined) {
    const disabled = state.disabled.find(name, test.package_name, ['model']);
    if (disabled.length === 0)
      throw new DuckhouseError(
        'NotFound',
        `${test.original_file_path}: unit test '${test.name}' tests model '${test.model}', which does not exist`,
        {
          context: { path: test.original_file_path, candidates: nearestNames(name, state.refs.names) },
        },
      );
    test.config.enabled = false;
    delete manifest.unit_tests[test.unique_id];
    manifest.disabled[test.unique_id] ??= [test];
    return;
  }
  test.depends_on.nodes = [tested.unique_id];
  test.schema = tested.schema;
  checkIncremental(test, tested);
  if (tested.version !== null && tested.version !== undefined) spreadOverVersions(state, test, tested);
  else if (hasVersions(test))
    throw new DuckhouseError(
      'DataInvalid',
      `${test.original_file_path}: unit test '${test.name}' chooses versions, but model '${tested.name}' has none`,
    );
}

const hasVersions = ({ versions }: UnitTestNode): boolean =>
  isDict(versions) && (Array.isArray(versions.include) || Array.isArray(versions.exclude));

function checkIncremental(test: UnitTestNode, tested: ManifestNode): void {
  if (!tested.depends_on.macros.includes('macro.dbt.is_incremental')) return;
  const override = test.overrides?.macros.is_incremental;
  const place = `${test.original_file_path}: unit test '${test.name}' of incremental model '${tested.name}'`;
  if (typeof override !== 'boolean')
    throw new DuckhouseError('DataInvalid', `${place} must override macro 'is_incremental' with true or false`, {
      context: { node: test.unique_id },
    });
  if (override && !test.given.some(({ input }) => input === 'this'))
    throw new DuckhouseError(
      'DataInvalid',
      `${place} must give an input 'this', as it overrides 'is_incremental' with true`,
      { context: { node: test.unique_id } },
    );
}

function spreadOverVersions(state: ParseState, test: UnitTestNode, tested: ManifestNode): void {
  const { manifest } = state;
  const { include, exclude } = (test.versions ?? {}) as {
    readonly include?: unknown[] | null;
    readonly exclude?: unknown[] | null;
  };
  const among = (list: readonly unknown[], node: ManifestNode): boolean =>
    list.some((version) => version === node.version);
  const chosen = Object.values(manifest.nodes).filter(
    (node) =>
      node.resource_type === 'model' &&
      node.package_name === tested.package_name &&
      node.name === tested.name &&
      (Array.isArray(exclude) ? !among(exclude, node) : !Array.isArray(include) || among(include, node)),
  );
  if (chosen.length === 0)
    throw new DuckhouseError(
      'NotFound',
      `${test.original_file_path}: unit test '${test.name}' chooses a version of '${tested.name}' that does not exist`,
    );
  delete manifest.unit_tests[test.unique_id];
  for (const node of chosen) {
    const uniqueId = `${test.unique_id}_v${node.version}`;
    manifest.unit_tests[uniqueId] = {
      ...test,
      unique_id: uniqueId,
      depends_on: { macros: [], nodes: [node.unique_id, ...test.depends_on.nodes.slice(1)] },
      version: node.version ?? null,
    };
  }
}
