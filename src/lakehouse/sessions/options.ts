/** Session options: current catalog and schema, settings of DuckDB, and options of ours. */
import { sessionSettings } from '../../access/index.ts';
import type { QueryOptions } from '../../engine/index.ts';
import { DuckhouseError, nearestNames } from '../../errors.ts';
import { quoteIdentifier, quoteLiteral, quoteName } from '../../sql.ts';
import type { Home } from './home.ts';
import type { SessionValue } from './types.ts';

export interface SessionOptions {
  set(name: string, value: SessionValue | undefined, options?: QueryOptions): Promise<void>;
  get(name: string): SessionValue | undefined;
  all(): ReadonlyMap<string, SessionValue>;
}

/** Options of ours, by name, with the type each takes. */
const ownOptions: Readonly<Record<string, 'number' | 'boolean'>> = {
  'duckhouse.parallel': 'number',
  'duckhouse.keep_seconds': 'number',
  'duckhouse.batch_bytes': 'number',
};

export function createSessionOptions(home: Home): SessionOptions {
  const values = new Map<string, SessionValue>();
  return {
    async set(name, value, options) {
      if (name.startsWith('duckhouse.')) return keep(values, name, ownValue(name, value));
      await home.query(await home.lane(), settingSql(home, name, value), options);
      if (!isPlace(name)) keep(values, name, value);
    },
    get: (name) => values.get(name),
    all() {
      const { catalog, dbSchema } = home.state();
      return new Map<string, SessionValue>([['catalog', catalog], ['schema', dbSchema], ...values]);
    },
  };
}

const isPlace = (name: string): boolean => name === 'catalog' || name === 'schema';

function keep(values: Map<string, SessionValue>, name: string, value: SessionValue | undefined): void {
  if (value === undefined) values.delete(name);
  else values.set(name, value);
}

function settingSql(home: Home, name: string, value: SessionValue | undefined): string {
  if (isPlace(name)) {
    if (typeof value !== 'string' || value === '') throw badValue(name, 'a name');
    return `USE ${name === 'catalog' ? quoteName(value, 'main') : quoteName(home.state().catalog, value)}`;
  }
  if (!sessionSettings.has(name.toLowerCase())) throw unknownOption(name);
  const quoted = quoteIdentifier(name);
  return value === undefined ? `RESET ${quoted}` : `SET ${quoted} = ${literal(name, value)}`;
}

function ownValue(name: string, value: SessionValue | undefined): SessionValue | undefined {
  const type = ownOptions[name];
  if (type === undefined) throw unknownOption(name);
  if (value === undefined || (type === 'boolean' && typeof value === 'boolean')) return value;
  if (type === 'number' && Number.isInteger(Number(value)) && Number(value) >= 0) return Number(value);
  throw badValue(name, type === 'number' ? 'a whole number' : 'true or false');
}

function literal(name: string, value: SessionValue): string {
  if (typeof value === 'string') return quoteLiteral(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw badValue(name, 'a text, a number or true or false');
}

function unknownOption(name: string): DuckhouseError {
  const candidates = nearestNames(name, ['catalog', 'schema', ...Object.keys(ownOptions), ...sessionSettings]);
  return new DuckhouseError('InvalidArgument', `there is no session option "${name}"`, {
    id: 'option-name',
    context: { name, candidates },
    ...(candidates.length === 0 ? {} : { hint: `did you mean ${candidates.join(', ')}?` }),
  });
}

const badValue = (name: string, wanted: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', `session option "${name}" must be ${wanted}`, {
    id: 'option-value',
    context: { name, wanted },
  });
