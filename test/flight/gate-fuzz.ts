/** Statements that carry a way to a file into every place an expression, a relation or a query may stand, at random. */
type Random = () => number;

/** Numbers from 0 to 1 that are the same for a seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const fileRelations = (files: string): readonly string[] => [
  `(SELECT content AS c FROM read_text('${files}/secret.txt'))`,
  `(SELECT content::VARCHAR AS c FROM read_blob('${files}/secret.txt'))`,
  `(SELECT word AS c FROM read_csv('${files}/secret.csv'))`,
  `(SELECT word AS c FROM '${files}/secret.csv')`,
  `(SELECT COLUMNS(*) AS c FROM '${files}/secret.parquet')`,
  `(SELECT COLUMNS(*) AS c FROM read_parquet(['${files}/secret.parquet']))`,
  `(SELECT json::VARCHAR AS c FROM read_json_objects('${files}/secret.json'))`,
  `(SELECT content AS c FROM file_macro('${files}/secret.txt'))`,
  `(SELECT scalar_file_macro('${files}/secret.txt') AS c)`,
  `(SELECT content AS c FROM query('FROM read_text(''${files}/secret.txt'')'))`,
  `(SELECT * FROM read_duckdb('${files}/other.duckdb', table_name := 't') AS r(c))`,
  `(SELECT file AS c FROM glob('${files}/*'))`,
];

const relations: readonly ((relation: string, n: number) => string)[] = [
  (r, n) => `(SELECT c FROM ${r} AS r${n})`,
  (r, n) => `(WITH w${n} AS (SELECT c FROM ${r} AS r${n}) SELECT c FROM w${n})`,
  (r, n) => `(WITH w${n} AS MATERIALIZED (SELECT c FROM ${r} AS r${n}) SELECT c FROM w${n} WHERE c IS NOT NULL)`,
  (r, n) =>
    `(WITH RECURSIVE w${n}(c) AS (SELECT c FROM ${r} AS r${n} UNION SELECT c FROM w${n} WHERE false) SELECT c FROM w${n})`,
  (r, n) => `(SELECT 'x' AS c UNION ALL SELECT c FROM ${r} AS r${n})`,
  (r, n) => `(SELECT r${n}.c FROM t, LATERAL (SELECT c FROM ${r} AS i${n}) AS r${n})`,
  (r, n) => `(SELECT r${n}.c FROM t LEFT JOIN ${r} AS r${n} ON true)`,
  (r, n) => `(SELECT (SELECT max(c) FROM ${r} AS r${n}) AS c)`,
  (r, n) => `(SELECT unnest([c]) AS c FROM ${r} AS r${n})`,
  (r, n) => `(SELECT c FROM ${r} AS r${n} QUALIFY row_number() OVER (ORDER BY c) = 1)`,
  (r, n) => `(SELECT coalesce(c, c) AS c FROM ${r} AS r${n} GROUP BY ALL HAVING count(*) > 0)`,
  (r, n) => `(FROM ${r} AS r${n} SELECT c)`,
  (r, n) => `(SELECT c FROM ${r} AS r${n} ORDER BY c LIMIT 3)`,
  (r, n) => `(SELECT s${n}.c FROM (SELECT {'c': c} AS s${n} FROM ${r} AS r${n}))`,
  (r, n) => `(SELECT list(c)[1] AS c FROM ${r} AS r${n})`,
  (r) =>
    `(VALUES ((SELECT max(c) FROM ${r} AS v))) AS v(c)`.replace(/^\((.*)\) AS v\(c\)$/, '(SELECT c FROM ($1) AS v(c))'),
  (r, n) => `(SELECT CASE WHEN true THEN c END AS c FROM ${r} AS r${n} USING SAMPLE 100%)`,
  (r, n) => `(SELECT c FROM ${r} AS r${n} WHERE c IN (SELECT c FROM ${r} AS i${n}))`,
];

const statements: readonly ((relation: string) => string)[] = [
  (r) => `SELECT * FROM ${r} AS q`,
  (r) => `SELECT a, (SELECT max(c) FROM ${r} AS q) FROM t`,
  (r) => `SELECT a FROM t WHERE b = (SELECT max(c) FROM ${r} AS q) OR error((SELECT max(c) FROM ${r} AS q))`,
  (r) => `SELECT CAST((SELECT max(c) FROM ${r} AS q) AS INTEGER)`,
  (r) => `EXPLAIN ANALYZE SELECT * FROM ${r} AS q`,
  (r) => `DESCRIBE SELECT * FROM ${r} AS q`,
  (r) => `SUMMARIZE SELECT * FROM ${r} AS q`,
  (r) => `SELECT count(*) FROM ${r} AS q; SELECT * FROM ${r} AS q`,
  (r) => `SELECT nosuch FROM ${r} AS q`,
  (r) => `SET VARIABLE v = (SELECT max(c) FROM ${r} AS q); SELECT getvariable('v')`,
  (r) => `INSERT INTO t SELECT 1, c FROM ${r} AS q RETURNING *`,
  (r) => `INSERT INTO t SELECT 1, nosuch FROM ${r} AS q`,
  (r) => `UPDATE t SET b = (SELECT max(c) FROM ${r} AS q) RETURNING *`,
  (r) => `DELETE FROM t USING ${r} AS q WHERE q.c = t.b RETURNING q.c`,
  (r) =>
    `MERGE INTO t USING (SELECT 99 AS a, c FROM ${r} AS q) s ON t.a = s.a WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.c) RETURNING *`,
  (r) => `CREATE OR REPLACE TABLE made AS SELECT * FROM ${r} AS q; SELECT * FROM made`,
  (r) => `CREATE OR REPLACE TEMP TABLE made AS SELECT * FROM ${r} AS q; SELECT * FROM made`,
  (r) => `CREATE OR REPLACE VIEW made_view AS SELECT * FROM ${r} AS q; SELECT * FROM made_view`,
  (r) => `CREATE TYPE made_type AS ENUM (SELECT c FROM ${r} AS q); SELECT enum_range(NULL::made_type)`,
  (r) => `ALTER TABLE t ALTER b TYPE VARCHAR USING (SELECT max(c) FROM ${r} AS q); SELECT * FROM t`,
];

/** One of them. */
export function smuggle(random: Random, files: string): string {
  let relation = pick(random, fileRelations(files));
  const depth = Math.floor(random() * 4);
  for (let n = 0; n < depth; n++) relation = pick(random, relations)(relation, n);
  return pick(random, statements)(relation);
}

/** The same over a table that may be read: it shows that the shapes are right. */
export function harmless(random: Random): string {
  let relation = '(SELECT b AS c FROM t)';
  const depth = Math.floor(random() * 4);
  for (let n = 0; n < depth; n++) relation = pick(random, relations)(relation, n);
  return `SELECT * FROM ${relation} AS q`;
}
