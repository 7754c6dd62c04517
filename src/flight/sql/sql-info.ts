import type { UnionValue } from '../../arrow/index.ts';
import { queryColumns, type Session } from '../../lakehouse/index.ts';
import { sqlInfoMember } from './reference-schemas.ts';
import { conversions, scalarFunctions } from './sql-info-lists.ts';

const text = (value: string): UnionValue => ({ typeId: sqlInfoMember.string, value });
const bool = (value: boolean): UnionValue => ({ typeId: sqlInfoMember.bool, value });
const bigint = (value: bigint): UnionValue => ({ typeId: sqlInfoMember.bigint, value });
const int32 = (value: number): UnionValue => ({ typeId: sqlInfoMember.int32, value });
const list = (value: readonly string[]): UnionValue => ({ typeId: sqlInfoMember.stringList, value });
const map = (value: readonly (readonly [number, readonly number[]])[]): UnionValue => ({
  typeId: sqlInfoMember.map,
  value,
});
const bits = (...ordinals: readonly number[]): UnionValue =>
  int32(ordinals.reduce((mask, ordinal) => mask | (1 << ordinal), 0));

/** How long a transaction may lie idle. */
const transactionTimeoutMs = 300_000;

/**
 * SqlInfo by code, the type of each value as stock clients read it: the JDBC driver casts, and a wrong member or a code it does
 * not know costs it all of its metadata. Codes of our own (10000 and up) have no place here. What DuckDB's language has is
 * kept for a minute for `of`, the lakehouse asked.
 */
export async function sqlInfos(session: Session, of: Session): Promise<ReadonlyMap<number, UnionValue>> {
  const facts = { ...(await serverFacts(session)), ...(await languageFacts(of)) };
  return new Map<number, UnionValue>([
    ...serverInfos(facts),
    ...syntaxInfos(facts),
    ...supportInfos,
    ...limitInfos,
    ...transactionInfos,
    ...resultInfos,
  ]);
}

type Infos = readonly (readonly [code: number, value: UnionValue])[];

interface ServerFacts {
  readonly version: string;
  readonly readOnly: boolean;
}
interface LanguageFacts {
  readonly keywords: readonly string[];
  readonly functions: ReadonlySet<string>;
}
type Facts = ServerFacts & LanguageFacts;

/** Listing all functions takes 30 ms, every driver asks when it connects, and what they are changes with an extension only. */
const languages = new WeakMap<object, { readonly facts: Promise<LanguageFacts>; readonly until: number }>();
const languageMs = 60_000;

function languageFacts(of: Session): Promise<LanguageFacts> {
  const present = languages.get(of);
  if (present !== undefined && Date.now() < present.until) return present.facts;
  const facts = readLanguage(of);
  languages.set(of, { facts, until: Date.now() + languageMs });
  facts.catch(() => languages.delete(of)); // asked for again the next time
  return facts;
}

async function serverFacts(session: Session): Promise<ServerFacts> {
  const { version, read_only: readOnly } = await queryColumns(
    session,
    `SELECT version() AS version, bool_or(readonly) FILTER (database_name = current_catalog()) AS read_only FROM duckdb_databases()`,
  );
  return { version: String(version?.[0]), readOnly: readOnly?.[0] === true };
}

async function readLanguage(session: Session): Promise<LanguageFacts> {
  const { keyword_name: keywords } = await queryColumns(
    session,
    `SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved' ORDER BY keyword_name`,
  );
  const { name: functions } = await queryColumns(
    session,
    `SELECT DISTINCT upper(function_name) AS name FROM duckdb_functions() WHERE function_type IN ('scalar', 'macro')`,
  );
  return { keywords: keywords as string[], functions: new Set(functions as string[]) };
}

const serverInfos = ({ version, readOnly }: Facts): Infos => [
  [0, text('DuckHouse')],
  // Clients that speak DuckDB's SQL look for its name and version here.
  [1, text(`duckdb ${version}`)],
  [2, text('1.5.0')], // of the columnar format
  [3, bool(readOnly)],
  [4, bool(true)],
  [5, bool(false)],
  [6, text('')],
  [7, text('')],
  [8, int32(1)], // transactions, no savepoints
  [9, bool(true)],
  [10, bool(true)],
  [11, bool(true)],
  [100, int32(0)],
  [101, int32(transactionTimeoutMs)],
];

const syntaxInfos = ({ keywords, functions }: Facts): Infos => {
  const present = (names: readonly string[]): UnionValue => list(names.filter((name) => functions.has(name)));
  return [
    [500, bool(false)], // catalogs are attached
    [501, bool(true)],
    [502, bool(true)],
    [503, int32(1)], // identifiers keep their case and are compared without it
    [504, text('"')],
    [505, int32(1)],
    [506, bool(true)],
    [507, int32(3)], // nulls at the end, whatever the order
    [508, list(keywords)],
    [509, present(scalarFunctions.numeric)],
    [510, present(scalarFunctions.string)],
    [511, present(scalarFunctions.system)],
    [512, present(scalarFunctions.datetime)],
    [513, text('\\')],
    [514, text('$')],
    [515, bool(true)],
    [516, bool(true)],
    [517, map(conversions)],
  ];
};

const supportInfos: Infos = [
  [518, bool(true)],
  [519, bool(false)],
  [520, bool(true)],
  [521, bool(true)],
  [522, bits(0, 1)],
  [523, bool(true)],
  [524, bool(true)],
  [525, bits(0, 1, 2)],
  [526, bits(0)],
  [527, bool(true)],
  [528, int32(2)],
  [529, text('schema')],
  [530, text('function')],
  [531, text('catalog')],
  [532, bool(true)],
  [533, bits(0, 1)],
  [534, bits(0, 1)],
  [535, int32(0)],
  [536, bool(false)],
  [537, bool(false)],
  [538, bits(0, 1, 2, 3)],
  [539, bool(true)],
  [540, bits(0, 1)],
];

/** Zero: no limit, or none that is known. */
const limitInfos: Infos = [
  ...Array.from({ length: 15 }, (_, i) => [541 + i, bigint(0n)] as const),
  [556, bool(true)],
  ...Array.from({ length: 5 }, (_, i) => [557 + i, bigint(0n)] as const),
];

/** SqlTransactionIsolationLevel: DuckDB gives each transaction its snapshot. */
const repeatableRead = 3;
const transactionInfos: Infos = [
  [562, bigint(BigInt(repeatableRead))],
  [563, bool(true)],
  [564, bits(repeatableRead)],
  [565, bool(false)],
  [566, bool(false)],
];

/** Forward only and read only. */
const resultInfos: Infos = [
  [567, bits(1)],
  [568, int32(0)],
  [569, bits(1)],
  [570, int32(0)],
  [571, int32(0)],
  [572, bool(true)],
  [573, bool(false)],
  [574, bool(false)],
  [575, bool(true)],
  [576, bool(false)],
];
