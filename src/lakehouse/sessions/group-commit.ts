import { randomUUID } from 'node:crypto';
import {
  type ArrowParams,
  type Connection,
  type Engine,
  type GroupedStatement,
  insertHead,
  type QueryOptions,
} from '../../engine/index.ts';
import { isDuckhouseError } from '../../errors.ts';
import { type LiteralInsert, literalInsert, withLiterals } from './literal-insert.ts';

/** Small inserts of many clients in one transaction: one write to the disk for all that came while the last was written. */
export interface GroupCommit {
  /** Resolves, with the rows inserted, when they are on the disk. `grouped` is what `groupedSql` gave. */
  insert(sql: string, grouped: string, options: QueryOptions): Promise<number>;
  close(): Promise<void>;
}

const maxGroup = 256;
const maxTextLength = 16_384;
/** For others to come; never longer than the last group took. */
const maxGatherMs = 5;

/** The statement as it runs beside others, parameters put in; undefined for one that does not. */
export function groupedSql(sql: string, params: ArrowParams | undefined): string | undefined {
  if (params !== undefined) return sql.length > maxTextLength ? undefined : withLiterals(sql, params);
  return isGroupable(sql) ? sql : undefined;
}

/** Literals, DEFAULT, and functions that come to the same whoever calls them and whenever. */
const quickValues =
  /^(?:[\s\d(),.+]|-(?!-)|''|\b(?:null|true|false|default|date|time|timestamp|timestamptz|now|today|current_date|current_timestamp|gen_random_uuid|uuid|random)\b)*;?\s*$/i;

/** Rows of literals and the like: each statement means the same alone and beside others, and none takes long. */
function isGroupable(sql: string): boolean {
  const head = sql.length > maxTextLength ? undefined : insertHead(sql);
  if (head === undefined) return false;
  return literalInsert(sql) !== undefined || quickValues.test(sql.slice(head.length).replace(/'(?:[^']|'')*'/g, "''"));
}

interface Waiting {
  readonly sql: string;
  readonly grouped: string;
  readonly options: QueryOptions;
  readonly resolve: (rows: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Inserts that run as one statement. */
interface Unit extends GroupedStatement {
  readonly members: readonly Waiting[];
  /** The rows of each member, where several are one statement. */
  readonly counts: readonly number[] | undefined;
}

export function createGroupCommit(engine: Engine): GroupCommit {
  const waiting: Waiting[] = [];
  let opening: Promise<Connection> | undefined;
  let working: Promise<void> | undefined;
  let gathered: (() => void) | undefined;
  /** Who asked while the last group ran, and in it. */
  let expected = 1;
  let lastMs = 0;

  const runAlone = async (connection: Connection, { sql, options, resolve, reject }: Waiting): Promise<void> => {
    try {
      resolve(await connection.execute(sql, options));
    } catch (error) {
      reject(error);
    }
  };

  /** The failure of one is its own: those before it are tried again, then it alone, then those behind it. */
  const run = async (connection: Connection, units: readonly Unit[]): Promise<void> => {
    const [first] = units;
    if (first === undefined) return;
    if (units.length === 1 && first.members.length === 1) return runAlone(connection, first.members[0] as Waiting);
    try {
      const rows = await connection.executeGroup(units);
      units.forEach((unit, i) => tell(unit, rows[i] ?? 0));
    } catch (error) {
      if (!isUndone(error)) return units.forEach(({ members }) => members.forEach(({ reject }) => reject(error)));
      const at = failedUnit(error, units);
      await run(connection, units.slice(0, at));
      const { members } = units[at] as Unit;
      if (members.length > 1) await run(connection, members.map(alone));
      else await runAlone(connection, members[0] as Waiting);
      await run(connection, units.slice(at + 1));
    }
  };

  /** Those who were answered last mostly ask again: without waiting for them every other group would be of one. */
  const gather = async (): Promise<void> => {
    if (waiting.length >= expected) return;
    await new Promise<void>((resolve) => {
      gathered = resolve;
      setTimeout(resolve, Math.min(lastMs, maxGatherMs));
    });
    gathered = undefined;
  };
  const runWaiting = async (): Promise<void> => {
    opening ??= openQuietly(engine);
    const connection = await opening;
    while (waiting.length > 0) {
      await gather();
      const group = waiting.splice(0, maxGroup);
      const start = performance.now();
      await run(connection, unitsOf(group.filter(isWanted)));
      lastMs = performance.now() - start;
      expected = Math.min(group.length + waiting.length, maxGroup);
    }
  };
  const work = async (): Promise<void> => {
    try {
      await runWaiting();
    } catch (error) {
      opening = undefined; // it could not be opened
      for (const { reject } of waiting.splice(0)) reject(error);
    }
    working = undefined;
  };

  /** Only while it waits: what runs is told how it ended. */
  const giveUp = (member: Waiting): void => {
    const at = waiting.indexOf(member);
    if (at < 0) return;
    waiting.splice(at, 1);
    member.reject(member.options.signal?.reason);
  };

  return {
    async insert(sql, grouped, options) {
      const { signal } = options;
      signal?.throwIfAborted();
      return new Promise<number>((resolve, reject) => {
        const member = { sql, grouped, options, resolve, reject };
        waiting.push(member);
        signal?.addEventListener('abort', () => giveUp(member), { once: true });
        if (waiting.length >= expected) gathered?.();
        working ??= work();
      });
    },
    async close() {
      await working;
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

/** Progress, which nobody asks for here, takes a tenth of a small statement. */
async function openQuietly(engine: Engine): Promise<Connection> {
  const connection = await engine.connect();
  await connection.execute('SET enable_progress_bar = false');
  return connection;
}

/** Nothing of the group was kept, for certain: a thread that is lost may have written all of it before. */
const isUndone = (error: unknown): boolean =>
  isDuckhouseError(error) && undoneKinds.has(error.kind) && !/is durable/.test(error.message);
const undoneKinds: ReadonlySet<string> = new Set([
  'InvalidArgument',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'CommitConflict',
  'DataInvalid',
  'Unsupported',
]);

/** The first one where nothing is told, as when the commit failed: then each is tried alone. */
function failedUnit(error: unknown, units: readonly Unit[]): number {
  const index = isDuckhouseError(error) ? error.context.statement : undefined;
  return typeof index === 'number' && index < units.length ? index : 0;
}

function isWanted({ options: { signal }, reject }: Waiting): boolean {
  if (signal?.aborted) reject(signal.reason);
  return signal?.aborted !== true;
}

const tell = ({ members, counts }: Unit, rows: number): void =>
  members.forEach(({ resolve }, i) => resolve(counts?.[i] ?? rows));

const recordOf = ({ sql, options: { owner, queryId } }: Waiting) => ({ sql, owner, queryId: queryId ?? randomUUID() });

const alone = (member: Waiting): Unit => ({
  sql: member.grouped,
  guard: member.options.guard,
  records: [recordOf(member)],
  members: [member],
  counts: undefined,
});

/** Rows of literals for one table, under guards that decide alike, go in as one statement. */
function unitsOf(group: readonly Waiting[]): Unit[] {
  const others: Unit[] = [];
  const byHead = new Map<string, (readonly [Waiting, LiteralInsert])[]>();
  for (const member of group) {
    const insert = literalInsert(member.grouped);
    if (insert === undefined) {
      others.push(alone(member));
      continue;
    }
    const key = `${member.options.guard?.key}\0${insert.head}`;
    const list = byHead.get(key) ?? [];
    byHead.set(key, list);
    list.push([member, insert]);
  }
  return [...[...byHead.values()].map(together), ...others];
}

function together(list: readonly (readonly [Waiting, LiteralInsert])[]): Unit {
  const [first] = list as [readonly [Waiting, LiteralInsert]];
  if (list.length === 1) return alone(first[0]);
  return {
    sql: `${first[1].head} ${list.map(([, { rows }]) => rows).join(',')}`,
    guard: first[0].options.guard,
    records: list.map(([member]) => recordOf(member)),
    members: list.map(([member]) => member),
    counts: list.map(([, { count }]) => count),
  };
}
