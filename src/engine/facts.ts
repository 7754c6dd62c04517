import type { PlanFacts, ScannedFunction, StatementFacts, StatementTarget, TextFacts } from './types.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Calls `visit` for every object of a JSON tree, outer ones first. */
function walk(value: unknown, visit: (node: Json) => void): void {
  // A stack of our own: a plan may be deeper than JavaScript's.
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (Array.isArray(next)) stack.push(...next);
    else if (isObject(next)) {
      visit(next);
      stack.push(...Object.values(next));
    }
  }
}

/** What json_serialize_plan says: the plans, or why there are none. */
export function planFacts(json: string): Pick<StatementFacts, 'plan' | 'planError' | 'definition'> {
  const parsed = JSON.parse(json) as Json;
  if (parsed.error === true) return { plan: undefined, planError: planError(parsed), definition: undefined };
  const plans = Array.isArray(parsed.plans) ? (parsed.plans as unknown[]) : [];
  const [root] = plans;
  const defined = isObject(root) && isObject(root.info) && root.type !== 'LOGICAL_TRANSACTION' ? root.info : undefined;
  return {
    plan: readPlans(plans),
    planError: undefined,
    definition: defined === undefined ? undefined : textFacts(defined),
  };
}

function planError({ error_type: type, error_message: message }: Json): string {
  if (String(message).includes("'LOGICAL_EXPLAIN'")) return 'explain';
  return String(message).includes('statement of type MULTI') ? 'several' : (textOf(type) ?? 'unknown');
}

function readPlans(plans: readonly unknown[]): PlanFacts {
  const operators = new Set<string>();
  const functions = new Set<string>();
  const readSettings = new Set<string>();
  const scans: ScannedFunction[] = [];
  const targets: StatementTarget[] = [];
  walk(plans, (node) => {
    const type = textOf(node.type) ?? '';
    if (type.startsWith('LOGICAL_')) operators.add(type);
    if (type === 'LOGICAL_GET') scans.push(scanOf(node));
    if (type.startsWith('LOGICAL_')) targets.push(...targetsOf(node));
    if (textOf(node.expression_class) === undefined || textOf(node.name) === undefined) return;
    const name = String(node.name).toLowerCase();
    functions.add(name);
    if (name === 'current_setting') readSettings.add(constantOf(node) ?? '');
  });
  return {
    roots: plans.map((plan) => (isObject(plan) ? (textOf(plan.type) ?? '') : '')),
    operators: [...operators],
    functions: [...functions],
    scans,
    targets,
    readSettings: [...readSettings],
    setting: settingOf(plans[0]),
  };
}

function scanOf(node: Json): ScannedFunction {
  const name = (textOf(node.name) ?? '').toLowerCase();
  const data = isObject(node.function_data) ? node.function_data : {};
  const files = Array.isArray(data.files)
    ? data.files.filter((file): file is string => typeof file === 'string')
    : undefined;
  return { name, catalog: textOf(data.catalog), files };
}

/** The catalog entries an operator makes, changes or drops. */
function targetsOf({ table_info: table, info }: Json): StatementTarget[] {
  return [table, info].filter(isObject).map((entry) => ({
    catalog: textOf(entry.catalog),
    dbSchema: textOf(entry.schema),
    name: textOf(entry.table) ?? textOf(entry.view_name) ?? textOf(entry.name),
    entry: textOf(entry.type),
  }));
}

/** The one constant argument of a function. */
function constantOf(node: Json): string | undefined {
  const [argument] = Array.isArray(node.children) ? (node.children as unknown[]) : [];
  const value = isObject(argument) && isObject(argument.value) ? argument.value.value : undefined;
  return textOf(value)?.toLowerCase();
}

function settingOf(plan: unknown): PlanFacts['setting'] {
  if (!isObject(plan) || (plan.type !== 'LOGICAL_SET' && plan.type !== 'LOGICAL_RESET')) return undefined;
  const value = isObject(plan.value) ? textOf(plan.value.value) : undefined;
  return { name: (textOf(plan.name) ?? '').toLowerCase(), scope: textOf(plan.scope) ?? 'AUTOMATIC', value };
}

/** What json_serialize_sql says: only queries can be told; undefined for everything else. */
export function queryText(json: string): TextFacts | undefined {
  const parsed = JSON.parse(json) as Json;
  return parsed.error === true ? undefined : textFacts(parsed.statements);
}

function textFacts(tree: unknown): TextFacts {
  const functions = new Set<string>();
  const tableFunctions = new Set<string>();
  const readSettings = new Set<string>();
  const relations = new Map<string, readonly string[]>();
  walk(tree, (node) => {
    const name = textOf(node.function_name);
    if (name !== undefined) functions.add(name.toLowerCase());
    if (name?.toLowerCase() === 'current_setting') readSettings.add(constantOf(node) ?? '');
    if (node.type === 'TABLE_FUNCTION' && isObject(node.function))
      tableFunctions.add((textOf(node.function.function_name) ?? '').toLowerCase());
    if (node.type === 'BASE_TABLE' || (node.type === 'SHOW_REF' && node.query === undefined)) {
      const parts = [node.catalog_name, node.schema_name, node.table_name].filter(
        (part): part is string => typeof part === 'string' && part !== '',
      );
      relations.set(JSON.stringify(parts), parts);
    }
  });
  return {
    functions: [...functions],
    tableFunctions: [...tableFunctions],
    readSettings: [...readSettings],
    relations: [...relations.values()],
    macros: [],
  };
}
