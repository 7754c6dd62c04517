import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { fromJs, PyError, repr, type Value } from '../../jinja/index.ts';
import { parseCsv } from '../adapter/csv.ts';
import { ephemeralPrefix, Relation } from '../adapter/relation.ts';
import type { ResultTable } from '../adapter/table.ts';
import { failureText } from '../context/template-errors.ts';
import type { Dict, ManifestNode, SourceNode, UnitTestFixture, UnitTestNode } from '../manifest-types.ts';
import { compileNode } from './compile.ts';
import { fixtureRelations } from './context/node-context.ts';
import { relationOfNode, relationOfSource } from './context/refs.ts';
import { runName } from './lines.ts';
import { materialize } from './materialize.ts';
import { compiledUnitTests, type NodeResult } from './results.ts';
import { onConnection, type RunSession } from './session.ts';
import { timed } from './timed.ts';
import { diffTables } from './unit-test-diff.ts';

/** Runs a model over fixtures in the place of its inputs and compares its rows with those expected. */
export function runUnitTest(session: RunSession, test: UnitTestNode, thread: string): Promise<NodeResult> {
  return timed({ node: test, thread }, (clock) =>
    onConnection(session, test.unique_id, async (connection) => {
      const setup = setUp(session, test);
      await compileNode(session, setup.node, { connection, thread, ...setup.options });
      compiledUnitTests.set(test, setup.node.compiled_code ?? '');
      clock.compiled();
      const running = materialize(session, setup.node, { connection, thread, materialized: 'unit', ...setup.options });
      const { response, table } = await running.catch((error: unknown) => {
        compiledUnitTests.delete(test);
        throw ofDefinition(error, test, setup.node);
      });
      const difference = diffTables(side(table, 'actual'), side(table, 'expected'));
      return difference === undefined
        ? { status: 'pass', message: null, failures: 0, adapterResponse: response }
        : {
            status: 'fail',
            message: `\n\nactual differs from expected:\n\n${difference}\n`,
            failures: 1,
            adapterResponse: response,
          };
    }),
  );
}

function ofDefinition(error: unknown, { name }: UnitTestNode, node: ManifestNode): unknown {
  if (error instanceof DuckhouseError && error.kind === 'Cancelled') return error;
  const text = failureText(error, node).replace(/^(Runtime|Database) Error in unit_test .*$/m, '$1 Error');
  return new PyError(
    'DbtRuntimeError',
    `An error occurred during execution of unit test '${name}'. There may be an error in the unit test definition: check the data types.\n ${text}`,
  );
}

const label = 'actual_or_expected';

function side(table: ResultTable | undefined, which: 'actual' | 'expected'): ResultTable {
  if (table === undefined) throw new PyError('DbtRuntimeError', 'the unit test gave no rows to compare');
  const at = table.columnNames.findIndex((name) => name.toLowerCase() === label);
  const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== at);
  return {
    columnNames: without(table.columnNames),
    columnTypes: without(table.columnTypes),
    rows: table.rows.filter((row) => row[at] === which).map((row) => without(row)),
  };
}

interface Substitute {
  readonly id: string;
  readonly relation: Relation;
}

interface Setup {
  readonly node: ManifestNode;
  readonly options: {
    readonly substitutes: ReadonlyMap<string, Substitute>;
    readonly extraNodes: ReadonlyMap<string, ManifestNode>;
    readonly replacedMacros: ReadonlyMap<string, Value>;
    readonly extra: ReadonlyMap<string, Value>;
    readonly vars: Dict;
    readonly envVars: Dict;
    readonly neededCtes: readonly string[];
  };
}

/** The tested model under the test's name, and a fixture for each of its inputs. */
function setUp(session: RunSession, test: UnitTestNode): Setup {
  const tested = testedModel(session, test);
  const substitutes = new Map<string, Substitute>();
  const extraNodes = new Map<string, ManifestNode>();
  let thisName: Relation | undefined;
  for (const given of test.given) {
    const input = inputOf(session, test, given, tested);
    const fixture = fixtureNode({ test, given, input, tested });
    fixtureRelations.set(
      fixture,
      input.resource_type === 'source'
        ? relationOfSource(input as SourceNode)
        : relationOfNode(session, input as ManifestNode),
    );
    const relation = new Relation({
      identifier: `${ephemeralPrefix}${fixture.alias}`,
      type: 'cte',
      quotePolicy: { database: true, schema: true, identifier: false },
    });
    extraNodes.set(fixture.unique_id, fixture);
    substitutes.set(input.unique_id, { id: fixture.unique_id, relation });
    if (isThis(given)) thisName = relation;
  }
  const node = testNode(test, tested);
  const thisId = thisName === undefined ? undefined : substitutes.get(tested.unique_id)?.id;
  return {
    node,
    options: {
      substitutes,
      extraNodes,
      replacedMacros: replacedMacros(test),
      extra: new Map<string, Value>(thisName === undefined ? [] : [['this', thisName.render()]]),
      vars: test.overrides?.vars ?? {},
      envVars: test.overrides?.env_vars ?? {},
      neededCtes: thisId === undefined ? [] : [thisId],
    },
  };
}

function testedModel({ parsed }: RunSession, test: UnitTestNode): ManifestNode {
  const id = test.tested_node_unique_id ?? test.depends_on.nodes[0];
  const model = id === undefined ? undefined : parsed.manifest.nodes[id];
  if (model !== undefined) return model;
  throw new PyError(
    'CompilationError',
    `Unable to find model '${test.model}' for unit test '${test.name}' in ${test.original_file_path}`,
  );
}

const isThis = ({ input }: UnitTestFixture): boolean => input?.trim() === 'this';

const refPattern =
  /^ref\(\s*(['"])([^'"]+)\1\s*(?:,\s*(['"])([^'"]+)\3\s*)?(?:,\s*v(?:ersion)?\s*=\s*['"]?([\w.]+)['"]?\s*)?\)$/;
const sourcePattern = /^source\(\s*(['"])([^'"]+)\1\s*,\s*(['"])([^'"]+)\3\s*\)$/;

function inputOf(
  { parsed, refs }: RunSession,
  test: UnitTestNode,
  given: UnitTestFixture,
  tested: ManifestNode,
): ManifestNode | SourceNode {
  const input = (given.input ?? '').trim();
  if (isThis(given)) return tested;
  const ref = refPattern.exec(input);
  const source = sourcePattern.exec(input);
  const found =
    ref !== null
      ? refs.find((ref[4] ?? ref[2]) as string, ref[4] === undefined ? null : (ref[2] as string), ref[5] ?? null)
      : source !== null
        ? Object.values(parsed.manifest.sources).find(
            ({ source_name, name }) => source_name === source[2] && name === source[4],
          )
        : undefined;
  if (found !== undefined) return found;
  throw new PyError('CompilationError', `Unit test '${test.name}' has an input that was not found: ${input}`);
}

interface FixtureParts {
  readonly test: UnitTestNode;
  readonly given: UnitTestFixture;
  readonly input: ManifestNode | SourceNode;
  readonly tested: ManifestNode;
}

/** An ephemeral model whose text is the fixture; it keeps the relation of its input, for the types of its columns. */
function fixtureNode({ test, given, input, tested }: FixtureParts): ManifestNode {
  const source = input.resource_type === 'source' ? (input as SourceNode) : undefined;
  const name = source === undefined ? input.name : `${source.source_name}__${source.name}`;
  return {
    ...tested,
    ...(input as ManifestNode),
    resource_type: 'model',
    unique_id: `model.${test.package_name}.${test.name}__${name}`,
    name: input.name,
    alias: name,
    original_file_path: test.original_file_path,
    config: { ...tested.config, materialized: 'ephemeral', 'pre-hook': [], 'post-hook': [] },
    raw_code: fixtureText(given),
    depends_on: { macros: [], nodes: [] },
    compiled: false,
    compiled_code: null,
    extra_ctes: [],
    extra_ctes_injected: false,
    defer_relation: (input as ManifestNode).defer_relation ?? null,
  };
}

/** SQL as it is; rows as a call of the macro that writes them as SQL. */
function fixtureText(given: UnitTestFixture): string {
  if (given.format === 'sql') return typeof given.rows === 'string' ? given.rows : '';
  return `{{ get_fixture_sql(${repr(fromJs(fixtureRows(given)))}, none) }}`;
}

/** Rows of a fixture as dicts; an empty CSV field is null. */
function fixtureRows(given: UnitTestFixture): Dict[] {
  if (Array.isArray(given.rows)) return given.rows;
  if (given.rows === null || given.rows === undefined) return [];
  const [header = [], ...lines] = parseCsv(given.rows.trim()).filter((row) => row.length > 0);
  return lines.map((line) =>
    Object.fromEntries(
      header.map((name, i) => [name.trim(), line[i] === undefined || line[i] === '' ? null : line[i]]),
    ),
  );
}

function testNode(test: UnitTestNode, tested: ManifestNode): ManifestNode {
  const { expect } = test;
  const isSql = expect.format === 'sql';
  return {
    ...tested,
    name: runName(test),
    unique_id: test.unique_id,
    resource_type: 'unit_test',
    path: path.join(path.dirname(test.original_file_path), `${runName(test)}.sql`),
    original_file_path: test.original_file_path,
    config: {
      ...tested.config,
      materialized: 'unit',
      'pre-hook': [],
      'post-hook': [],
      expected_rows: isSql ? [] : fixtureRows(expect),
      expected_sql: isSql ? expect.rows : null,
    },
    depends_on: { macros: [], nodes: [...tested.depends_on.nodes, tested.unique_id] },
    compiled: false,
    compiled_code: null,
    extra_ctes: [],
    extra_ctes_injected: false,
  };
}

/** What the test answers itself in the place of macros and names, such as `is_incremental: true`. */
function replacedMacros({ overrides }: UnitTestNode): Map<string, Value> {
  const macros = Object.entries((overrides?.macros ?? {}) as Dict);
  return new Map(macros.map(([name, value]) => [name, fromJs(value)]));
}
