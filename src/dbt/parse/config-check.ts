/** Wrong types in configs, told with the node, the file, the key and the value. */
import { DuckhouseError } from '../../errors.ts';
import { PyFloat } from '../../jinja/index.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText, typeName } from '../plain.ts';
import { isColor } from './node-color.ts';

interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const maybe =
  (holds: Rule['holds']): Rule['holds'] =>
  (value) =>
    value === null || value === undefined || holds(value);
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
/** dbt takes numbers for texts. */
const isWord = (value: unknown): boolean => isText(value) || typeof value === 'number';
const isWords = (value: unknown): boolean => Array.isArray(value) && value.every(isWord);
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const optionalText: Rule = { expected: 'a string', holds: maybe(isText) };
const optionalWord: Rule = { expected: 'a string', holds: maybe(isWord) };
const words: Rule = { expected: 'a string or a list of strings', holds: (value) => isWord(value) || isWords(value) };
const dictionary: Rule = { expected: 'a dictionary', holds: isDict };
const optionalBoolean: Rule = { expected: 'true or false', holds: maybe(isBoolean) };
const texts: Rule = { expected: 'a string or a list of strings', holds: (value) => isText(value) || isTexts(value) };
const optionalTexts: Rule = { expected: texts.expected, holds: maybe(texts.holds) };

const isHook = (value: unknown): boolean => isText(value) || (isDict(value) && isText(value.sql));
const hooks: Rule = {
  expected: "a string, a dictionary with 'sql', or a list of those",
  holds: maybe((value) => (Array.isArray(value) ? value.every(isHook) : isHook(value))),
};
const hasSwitch =
  (key: string): Rule['holds'] =>
  (value) =>
    !isDict(value) || !(key in value) || typeof value[key] === 'boolean';

const rules: Readonly<Record<string, Rule>> = {
  'pre-hook': hooks,
  'post-hook': hooks,
  docs: {
    expected: "a dictionary whose 'show' is true or false",
    holds: maybe((value) => isDict(value) && hasSwitch('show')(value)),
  },
  contract: {
    expected: "a dictionary whose 'enforced' is true or false",
    holds: maybe((value) => isDict(value) && hasSwitch('enforced')(value)),
  },
  enabled: { expected: 'true or false', holds: isBoolean },
  alias: optionalWord,
  schema: optionalWord,
  database: optionalWord,
  group: optionalText,
  materialized: { expected: 'a string', holds: isWord },
  incremental_strategy: optionalWord,
  meta: dictionary,
  persist_docs: dictionary,
  quoting: dictionary,
  column_types: dictionary,
  grants: dictionary,
  full_refresh: optionalBoolean,
  unique_key: { expected: words.expected, holds: maybe(words.holds) },
  on_schema_change: optionalWord,
  on_configuration_change: {
    expected: "'apply', 'continue' or 'fail'",
    holds: (value) => ['apply', 'continue', 'fail'].includes(value as string),
  },
  access: {
    expected: "'private', 'protected' or 'public'",
    holds: (value) => ['private', 'protected', 'public'].includes(value as string),
  },
  severity: { expected: "'warn' or 'error'", holds: (value) => isText(value) && /^(warn|error)$/i.test(value) },
  store_failures: optionalBoolean,
  store_failures_as: optionalText,
  limit: { expected: 'a whole number', holds: maybe((value) => Number.isInteger(value)) },
  where: optionalText,
  fail_calc: { expected: 'a string', holds: isText },
  warn_if: { expected: 'a string', holds: isText },
  error_if: { expected: 'a string', holds: isText },
  quote_columns: optionalBoolean,
  delimiter: { expected: 'a string', holds: isText },
  strategy: optionalText,
  updated_at: optionalText,
  target_schema: optionalText,
  target_database: optionalText,
  check_cols: optionalTexts,
};

export interface ConfigOwner {
  readonly unique_id: string;
  readonly original_file_path: string;
}

export function checkConfig(config: Readonly<Dict>, owner: ConfigOwner, known: Readonly<Dict>): void {
  for (const key in rules) {
    if (!(key in known)) continue;
    const rule = rules[key] as Rule;
    if (!rule.holds(config[key])) throw wrongConfig(owner, key, config[key], rule.expected);
  }
  const color = isDict(config.docs) ? config.docs.node_color : undefined;
  if (isText(color) && color !== '' && !isColor(color))
    throw wrongConfig(owner, 'docs.node_color', color, 'a name of a colour in HTML, or one such as #a0b1c2');
  if (ownMaterialized.has(known.materialized) && config.materialized && config.materialized !== known.materialized)
    throw wrongConfig(owner, 'materialized', config.materialized, `'${String(known.materialized)}'`);
  checkCombination(config, owner);
}

/** Kinds that are materialized in their own way only. */
const ownMaterialized: ReadonlySet<unknown> = new Set(['seed', 'snapshot', 'test']);

const wrongConfig = (owner: ConfigOwner, key: string, value: unknown, expected: string): DuckhouseError =>
  new DuckhouseError(
    'DataInvalid',
    `${owner.unique_id} (${owner.original_file_path}): config '${key}' must be ${expected}, not ${typeName(value)} ${JSON.stringify(value)}`,
    { context: { node: owner.unique_id, path: owner.original_file_path, key } },
  );

/** What dbt makes a whole number of. */
const isCount = (value: unknown): boolean =>
  typeof value === 'number' || (isText(value) && /^\s*-?\d+\s*$/.test(value)) || value instanceof PyFloat;
const isBuildAfter = (value: unknown): boolean =>
  isDict(value) &&
  maybe(isCount)(value.count) &&
  maybe((period) => ['minute', 'hour', 'day'].includes(period as string))(value.period) &&
  maybe((by) => by === 'any' || by === 'all')(value.updates_on);

function checkCombination(config: Readonly<Dict>, owner: ConfigOwner): void {
  const after = isDict(config.freshness) ? config.freshness.build_after : undefined;
  if (after !== null && after !== undefined && !isBuildAfter(after))
    throw wrongConfig(
      owner,
      'freshness.build_after',
      after,
      "a dictionary of a number 'count', a 'period' minute, hour or day, and 'updates_on' any or all",
    );
  if (isDict(after) && ((after.count ?? null) === null) !== ((after.period ?? null) === null))
    throw wrongConfig(owner, 'freshness.build_after', after, "with both 'count' and 'period', or neither");
  const contract = config.contract as { readonly enforced?: unknown } | undefined;
  const change = config.on_schema_change;
  if (contract?.enforced !== true || config.materialized !== 'incremental') return;
  if (change === 'append_new_columns' || change === 'fail') return;
  throw new DuckhouseError(
    'DataInvalid',
    `${owner.unique_id} (${owner.original_file_path}): invalid value for on_schema_change: ${String(change)}; models materialized as incremental with contracts enabled must set on_schema_change to 'append_new_columns' or 'fail'`,
    { context: { node: owner.unique_id, path: owner.original_file_path, key: 'on_schema_change' } },
  );
}
