/** What DuckDB calls a relation; `cte` for ephemeral models, `external` for views over written files. */
export type RelationType = 'table' | 'view' | 'cte' | 'materialized_view' | 'external' | 'pointer_table' | 'function';

type Part = 'database' | 'schema' | 'identifier';
const parts: readonly Part[] = ['database', 'schema', 'identifier'];

export type Policy = Readonly<Record<Part, boolean>>;
const all: Policy = { database: true, schema: true, identifier: true };

/** Rows of a relation within a window of its event time, as a microbatch or a sample sees it. */
export interface EventTimeFilter {
  readonly fieldName: string;
  /** Text as SQL takes it, UTC; absent = open. */
  readonly start?: string;
  readonly end?: string;
}

export interface RelationParts {
  readonly database: string | null;
  readonly schema: string | null;
  readonly identifier: string | null;
  readonly type: RelationType | null;
  readonly quotePolicy: Policy;
  readonly includePolicy: Policy;
  /** Rows to show of it: 0 with `--empty`. */
  readonly limit: number | null;
  readonly eventTimeFilter: EventTimeFilter | null;
  /** SQL that stands for it, such as a file name in quotes. */
  readonly external: string | null;
  /** What is read of `INFORMATION_SCHEMA`, such as `COLUMNS`. */
  readonly informationSchemaView: string | null;
}

/** The name of a relation and how it is written. Immutable: every change gives a new one. */
export class Relation implements RelationParts {
  readonly database: string | null;
  readonly schema: string | null;
  readonly identifier: string | null;
  readonly type: RelationType | null;
  readonly quotePolicy: Policy;
  readonly includePolicy: Policy;
  readonly limit: number | null;
  readonly eventTimeFilter: EventTimeFilter | null;
  readonly external: string | null;
  readonly informationSchemaView: string | null;

  constructor(given: Partial<RelationParts>) {
    this.database = given.database ?? null;
    this.schema = given.schema ?? null;
    this.identifier = given.identifier ?? null;
    this.type = given.type ?? null;
    this.quotePolicy = given.quotePolicy ?? all;
    this.includePolicy = given.includePolicy ?? all;
    this.limit = given.limit ?? null;
    this.eventTimeFilter = given.eventTimeFilter ?? null;
    this.external = given.external ?? null;
    this.informationSchemaView = given.informationSchemaView ?? null;
  }

  with(change: Partial<RelationParts>): Relation {
    return new Relation({ ...this, ...change });
  }

  /** The name alone, without limit or event time. */
  render(): string {
    if (this.external !== null) return this.external;
    return this.informationSchemaView === null ? this.path() : `${this.path()}.${this.informationSchemaView}`;
  }

  private path(): string {
    return parts
      .flatMap((part) => {
        const value = this[part];
        if (!this.includePolicy[part] || value === null) return [];
        return [this.quotePolicy[part] ? quoted(value) : value];
      })
      .join('.');
  }

  /** What stands in a FROM clause: the name, limited and filtered where a run says so. */
  toString(): string {
    const name = this.render();
    if (this.type === 'function') return name;
    return this.filtered(this.limited(name));
  }

  limited(name = this.render()): string {
    if (this.limit === null) return name;
    return this.limit === 0
      ? `(select * from ${name} where false limit 0)`
      : `(select * from ${name} limit ${this.limit})`;
  }

  filtered(name = this.render()): string {
    const filter = this.eventTimeFilter;
    if (filter === null || (filter.start === undefined && filter.end === undefined)) return name;
    const from = filter.start === undefined ? [] : [`${filter.fieldName} >= '${filter.start}'`];
    const until = filter.end === undefined ? [] : [`${filter.fieldName} < '${filter.end}'`];
    return `(select * from ${name} where ${[...from, ...until].join(' and ')})`;
  }

  quote(change: Partial<Policy>): Relation {
    return this.with({ quotePolicy: { ...this.quotePolicy, ...change } });
  }

  include(change: Partial<Policy>): Relation {
    return this.with({ includePolicy: { ...this.includePolicy, ...change } });
  }

  withoutIdentifier(): Relation {
    return this.include({ identifier: false }).with({ identifier: null });
  }

  informationSchema(view: string | null): Relation {
    return this.with({
      identifier: 'INFORMATION_SCHEMA',
      type: 'view',
      includePolicy: { database: this.database !== null, schema: false, identifier: true },
      quotePolicy: { ...this.quotePolicy, identifier: false },
      informationSchemaView: view,
    });
  }

  /** Names are equal whatever their case: DuckDB's are. */
  sameName(other: Relation): boolean {
    return relationKey(this) === relationKey(other);
  }

  equals(other: unknown): boolean {
    return other instanceof Relation && other.toString() === this.toString() && other.type === this.type;
  }
}

const quoted = (name: string): string => `"${name}"`;

/** Key of a relation in maps. */
export const relationKey = (relation: Pick<Relation, Part>): string =>
  JSON.stringify(parts.map((part) => relation[part]?.toLowerCase() ?? null));

/** Key of a relation's schema in maps. */
export const schemaKey = (database: string | null, schema: string | null): string =>
  JSON.stringify([database?.toLowerCase() ?? null, schema?.toLowerCase() ?? null]);

export const ephemeralPrefix = '__dbt__cte__';
