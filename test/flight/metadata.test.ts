import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type ArrowField,
  type ArrowSchema,
  createBatchDecoder,
  decapsulate,
  decodeSchema,
  valueReader,
} from '../../src/arrow/index.ts';
import { commandDescriptor, connectFlightSql } from '../../src/flight/index.ts';
import { packAny } from '../../src/flight/proto/sql-messages.ts';
import { concat, intField, messageField } from '../../src/flight/proto/wire.ts';
import { conversions, convertTypes } from '../../src/flight/sql/sql-info-lists.ts';
import { xdbcTypes } from '../../src/flight/sql/xdbc-types.ts';
import { failsWith, type RunningServer, rowsOf, runServer } from './running-server.ts';

let running: RunningServer;
before(async () => {
  running = await runServer();
  await running.lakehouse.engine.execute(`
    CREATE TABLE parent(a INTEGER, b INTEGER, c DECIMAL(9, 2), PRIMARY KEY (b, a));
    CREATE TABLE unique_parent(u INTEGER UNIQUE);
    CREATE TABLE child(x INTEGER, y INTEGER, z INTEGER REFERENCES unique_parent(u), FOREIGN KEY (y, x) REFERENCES parent(b, a));
    CREATE SCHEMA s_1;
    CREATE SCHEMA sx1;
    CREATE TABLE s_1.parent(k VARCHAR PRIMARY KEY);
    CREATE TABLE s_1.child(k VARCHAR NOT NULL REFERENCES s_1.parent(k));
    CREATE SEQUENCE ids;
    CREATE TABLE sx1.typed(id INTEGER DEFAULT nextval('ids'), d DECIMAL(18, 3) NOT NULL, e ENUM('p', 'q'), l VARCHAR[], st STRUCT(a INTEGER, "b c" DATE), m MAP(VARCHAR, INTEGER), j JSON, v VARIANT, "odd ""name" TIMESTAMPTZ);
    COMMENT ON COLUMN sx1.typed.e IS 'p or q';
    CREATE VIEW looked AS SELECT 1 AS one, 'x' AS two;
    CREATE TABLE "100%"(a INTEGER);
    ATTACH ':memory:' AS other;
    CREATE TABLE other.main.far(a INTEGER);
  `);
});
after(() => running.close());

const text = (field: number, value: string | undefined): Uint8Array =>
  value === undefined ? new Uint8Array(0) : messageField(field, Buffer.from(value));
const command = (name: string, ...fields: readonly Uint8Array[]): Uint8Array =>
  packAny({ name, value: concat(fields) });

/** What all three calls say of a metadata command: GetSchema and GetFlightInfo the schema DoGet has, and the ticket is the command. */
async function ask(cmd: Uint8Array): Promise<{ readonly schema: ArrowSchema; readonly rows: unknown[][] }> {
  const { client } = running;
  const info = await client.getFlightInfo(commandDescriptor(cmd));
  assert.equal(info.endpoints.length, 1);
  assert.deepEqual(Buffer.from(info.endpoints[0]?.ticket ?? ''), Buffer.from(cmd));
  assert.deepEqual(info.endpoints[0]?.locations, []);
  const stream = await client.doGet(info.endpoints[0]?.ticket ?? '');
  assert.deepEqual(decodeSchema(decapsulate(info.schema as Uint8Array)), stream.schema);
  assert.deepEqual(await client.getSchema(commandDescriptor(cmd)), stream.schema);
  return { schema: stream.schema, rows: await rowsOf(stream) };
}

/** `name!` for a field without nulls, as the reference schemas are written down. */
const shape = ({ fields }: ArrowSchema): string => fields.map(fieldShape).join(', ');
function fieldShape({ name, type, nullable, children }: ArrowField): string {
  const kind = type.id === 'int' ? `${type.signed ? '' : 'u'}int${type.bitWidth}` : type.id;
  return `${name} ${kind}${children.length === 0 ? '' : `<${children.map(fieldShape).join(', ')}>`}${nullable ? '' : '!'}`;
}

test('catalogs: those of users, by name', async () => {
  const { schema, rows } = await ask(command('CommandGetCatalogs'));
  assert.equal(shape(schema), 'catalog_name utf8!');
  assert.deepEqual(rows, [['memory'], ['other']]);
});

test('schemas: of all catalogs when none is named, none for the catalog ""', async () => {
  const schemas = (catalog?: string, pattern?: string) =>
    ask(command('CommandGetDbSchemas', text(1, catalog), text(2, pattern)));
  const { schema, rows } = await schemas();
  assert.equal(shape(schema), 'catalog_name utf8, db_schema_name utf8!');
  assert.deepEqual(rows, [
    ['memory', 'main'],
    ['memory', 's_1'],
    ['memory', 'sx1'],
    ['other', 'main'],
  ]);
  assert.deepEqual((await schemas('')).rows, []);
  assert.deepEqual((await schemas('other')).rows, [['other', 'main']]);
  assert.deepEqual(
    (await schemas(undefined, 's_1')).rows.map(([, name]) => name),
    ['s_1', 'sx1'],
  );
  assert.deepEqual((await schemas(undefined, 's\\_1')).rows, [['memory', 's_1']]);
  assert.deepEqual((await schemas(undefined, '')).rows, []);
  assert.equal((await schemas('memory', '%')).rows.length, 3);
});

interface TablesRequest {
  readonly catalog?: string;
  readonly dbSchema?: string;
  readonly table?: string;
  readonly types?: readonly string[];
  readonly includeSchema?: boolean;
}
const getTables = ({ catalog, dbSchema, table, types = [], includeSchema = false }: TablesRequest = {}) =>
  ask(
    command(
      'CommandGetTables',
      text(1, catalog),
      text(2, dbSchema),
      text(3, table),
      ...types.map((type) => text(4, type)),
      intField(5, includeSchema),
    ),
  );
const names = async (request: TablesRequest): Promise<unknown[]> =>
  (await getTables(request)).rows.map((row) => row[2]);

test('tables: by catalog, schema, name and type, narrowed by patterns and types', async () => {
  const { schema, rows } = await getTables();
  assert.equal(shape(schema), 'catalog_name utf8, db_schema_name utf8, table_name utf8!, table_type utf8!');
  assert.deepEqual(rows, [
    ['memory', 'main', '100%', 'TABLE'],
    ['memory', 'main', 'child', 'TABLE'],
    ['memory', 'main', 'looked', 'VIEW'],
    ['memory', 'main', 'parent', 'TABLE'],
    ['memory', 'main', 'unique_parent', 'TABLE'],
    ['memory', 's_1', 'child', 'TABLE'],
    ['memory', 's_1', 'parent', 'TABLE'],
    ['memory', 'sx1', 'typed', 'TABLE'],
    ['other', 'main', 'far', 'TABLE'],
  ]);
  assert.deepEqual(await names({ catalog: '' }), []);
  assert.deepEqual(await names({ dbSchema: 's\\_1' }), ['child', 'parent']);
  assert.deepEqual(await names({ table: 'CH_LD', dbSchema: 'main' }), ['child']);
  assert.deepEqual(await names({ table: '100\\%' }), ['100%']);
  assert.deepEqual(await names({ table: '1%\\' }), []); // an escape that escapes nothing is itself
  assert.deepEqual(await names({ table: "'; DROP TABLE child; --" }), []);
  assert.deepEqual(await names({ types: ['VIEW'] }), ['looked']);
  assert.deepEqual(await names({ types: ['base table'], catalog: 'other' }), ['far']);
  assert.deepEqual(await names({ types: ['SYSTEM TABLE'] }), []);
  assert.equal((await names({ types: ['TABLE', 'VIEW'] })).length, 9);
});

test('table types: four, sorted', async () => {
  const { schema, rows } = await ask(command('CommandGetTableTypes'));
  assert.equal(shape(schema), 'table_type utf8!');
  assert.deepEqual(rows, [['LOCAL TEMPORARY'], ['SYSTEM TABLE'], ['TABLE'], ['VIEW']]);
});

test('tables that are alike have each its own name in its schema', async () => {
  const { engine } = running.lakehouse;
  // As long as each other, in bytes; and named like what stands beside the name.
  const groups = {
    aab: ['aaa', 'bbb', 'éx', 'abc', 'VAR'],
    bbbb: ['aaaa', 'bbbb', 'éé', 'main', 'a"bc'],
    bbbbbbb: ['VARCHAR', 'INTEGER', 'bigints', 'éééx'],
  };
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  for (const [dbSchema, names] of Object.entries(groups)) {
    const tables = names.map(
      (name) =>
        `CREATE TABLE ${dbSchema}.${quoted(name)}(aaa VARCHAR, ${quoted(dbSchema)} INTEGER NOT NULL, "VARCHAR" DATE)`,
    );
    await engine.execute(`CREATE SCHEMA ${dbSchema}; ${tables.join('; ')}`);
    const { rows } = await getTables({ dbSchema, includeSchema: true });
    assert.deepEqual(rows.map(([, , name]) => name).sort(), [...names].sort());
    for (const [, , name, , bytes] of rows) {
      const { fields } = decodeSchema(decapsulate(bytes as Uint8Array));
      assert.deepEqual(
        fields.map((field) => [field.name, field.type.id, field.nullable]),
        [
          ['aaa', 'utf8', true],
          [dbSchema, 'int', false],
          ['VARCHAR', 'date', true],
        ],
      );
      for (const { metadata } of fields) {
        assert.equal(metadata?.get('ARROW:FLIGHT:SQL:TABLE_NAME'), name);
        assert.equal(metadata?.get('ARROW:FLIGHT:SQL:DB_SCHEMA_NAME'), dbSchema);
        assert.equal(metadata?.get('ARROW:FLIGHT:SQL:CATALOG_NAME'), 'memory');
      }
    }
    await engine.execute(`DROP SCHEMA ${dbSchema} CASCADE`);
  }
});

test('tables with their schemas: encapsulated messages, with what SELECT gives and the metadata of columns', async () => {
  const { schema, rows } = await getTables({ dbSchema: 'sx1', includeSchema: true });
  assert.equal(schema.fields[4]?.name, 'table_schema');
  assert.deepEqual([schema.fields[4]?.type.id, schema.fields[4]?.nullable], ['binary', false]);
  const bytes = rows[0]?.[4] as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert.equal(view.getUint32(0, true), 0xffffffff);
  assert.equal(view.getInt32(4, true), bytes.byteLength - 8);
  assert.equal(bytes.byteLength % 8, 0);
  const { fields } = decodeSchema(decapsulate(bytes));
  const selected = await running.client.getSchema(
    commandDescriptor('SELECT id, d, e, l, st, m, j, v::VARCHAR AS v, "odd ""name" FROM sx1.typed'),
  );
  assert.deepEqual(
    fields.map(({ name, type, children }) => ({ name, type, children })),
    selected.fields.map(({ name, type, children }) => ({ name, type, children })),
  );
  const metadata = (name: string): ReadonlyMap<string, string> =>
    new Map(
      [...(fields.find((field) => field.name === name)?.metadata ?? [])].map(([key, value]) => [
        key.replace('ARROW:FLIGHT:SQL:', ''),
        value,
      ]),
    );
  assert.deepEqual(Object.fromEntries(metadata('d')), {
    CATALOG_NAME: 'memory',
    SCHEMA_NAME: 'sx1',
    DB_SCHEMA_NAME: 'sx1',
    TABLE_NAME: 'typed',
    TYPE_NAME: 'DECIMAL(18,3)',
    PRECISION: '18',
    SCALE: '3',
    IS_AUTO_INCREMENT: '0',
    IS_CASE_SENSITIVE: '0',
    IS_READ_ONLY: '0',
    IS_SEARCHABLE: '1',
  });
  assert.equal(fields.find(({ name }) => name === 'd')?.nullable, false);
  assert.equal(metadata('id').get('IS_AUTO_INCREMENT'), '1');
  assert.equal(metadata('e').get('REMARKS'), 'p or q');
  assert.equal(metadata('e').get('TYPE_NAME'), "ENUM('p', 'q')");
});

test('a view that lost its table is listed, comments and odd names come as they are', async () => {
  const { engine } = running.lakehouse;
  await engine.execute('CREATE TABLE lost(a INTEGER); CREATE VIEW losing AS SELECT * FROM lost; DROP TABLE lost');
  await engine.execute(
    `CREATE TABLE odd("a=b" INTEGER, "=" INTEGER); COMMENT ON COLUMN odd."a=b" IS ''; COMMENT ON COLUMN odd."=" IS '=x'`,
  );
  const { rows } = await getTables({ table: 'losing', includeSchema: true });
  assert.deepEqual(
    rows.map((row) => row.slice(0, 4)),
    [['memory', 'main', 'losing', 'VIEW']],
  );
  assert.ok(decodeSchema(decapsulate(rows[0]?.[4] as Uint8Array)).fields.length <= 1);
  const odd = await getTables({ table: 'odd', includeSchema: true });
  const { fields } = decodeSchema(decapsulate(odd.rows[0]?.[4] as Uint8Array));
  assert.deepEqual(
    fields.map(({ name, metadata }) => [name, metadata?.get('ARROW:FLIGHT:SQL:REMARKS')]),
    [
      ['a=b', ''],
      ['=', '=x'],
    ],
  );
  await engine.execute('DROP VIEW losing; DROP TABLE odd');
});

test('the schema of a table follows its columns', async () => {
  const columns = async (): Promise<string[]> => {
    const { rows } = await getTables({ table: 'changing', includeSchema: true });
    return decodeSchema(decapsulate(rows[0]?.[4] as Uint8Array)).fields.map(({ name, type }) => `${name} ${type.id}`);
  };
  await running.lakehouse.engine.execute('CREATE TABLE changing(a INTEGER)');
  assert.deepEqual(await columns(), ['a int']);
  await running.lakehouse.engine.execute('ALTER TABLE changing ALTER a TYPE VARCHAR; ALTER TABLE changing ADD b DATE');
  assert.deepEqual(await columns(), ['a utf8', 'b date']);
  await running.lakehouse.engine.execute('DROP TABLE changing');
});

test('a view whose table is gone does not cost the others their schemas', async () => {
  await running.lakehouse.engine.execute(
    'CREATE TABLE gone(a INTEGER); CREATE VIEW orphan AS SELECT a FROM gone; DROP TABLE gone',
  );
  const { rows } = await getTables({ dbSchema: 'main', catalog: 'memory', includeSchema: true });
  assert.ok(rows.some((row) => row[2] === 'orphan'));
  assert.ok(rows.some((row) => row[2] === 'parent'));
  await running.lakehouse.engine.execute('DROP VIEW orphan');
});

const keyOf = (name: string, table: string, { catalog, dbSchema }: { catalog?: string; dbSchema?: string } = {}) =>
  ask(command(name, text(1, catalog), text(2, dbSchema), text(3, table)));

test('primary keys: in the order of the key, its sequence before its name', async () => {
  const { schema, rows } = await keyOf('CommandGetPrimaryKeys', 'parent', { dbSchema: 'main' });
  assert.equal(
    shape(schema),
    'catalog_name utf8, db_schema_name utf8, table_name utf8!, column_name utf8!, key_sequence int32!, key_name utf8',
  );
  assert.deepEqual(rows, [
    ['memory', 'main', 'parent', 'b', 1, 'parent_b_a_pkey'],
    ['memory', 'main', 'parent', 'a', 2, 'parent_b_a_pkey'],
  ]);
  assert.deepEqual(
    (await keyOf('CommandGetPrimaryKeys', 'parent')).rows.map((row) => `${row[1]}.${row[3]}`),
    ['main.b', 'main.a', 's_1.k'],
  );
  assert.deepEqual((await keyOf('CommandGetPrimaryKeys', 'parent', { catalog: '' })).rows, []);
  assert.deepEqual((await keyOf('CommandGetPrimaryKeys', 'parent', { dbSchema: '' })).rows, []);
});

const referencesShape =
  'pk_catalog_name utf8, pk_db_schema_name utf8, pk_table_name utf8!, pk_column_name utf8!, fk_catalog_name utf8, fk_db_schema_name utf8, fk_table_name utf8!, fk_column_name utf8!, key_sequence int32!, fk_key_name utf8, pk_key_name utf8, update_rule uint8!, delete_rule uint8!';

test('imported, exported and cross references join keys of one schema, never of a table of the same name elsewhere', async () => {
  const imported = await keyOf('CommandGetImportedKeys', 'child', { dbSchema: 'main' });
  assert.equal(shape(imported.schema), referencesShape);
  const main = [
    ['memory', 'main', 'parent', 'b', 'memory', 'main', 'child', 'y', 1, 'child_y_x_b_a_fkey', 'parent_b_a_pkey', 3, 3],
    ['memory', 'main', 'parent', 'a', 'memory', 'main', 'child', 'x', 2, 'child_y_x_b_a_fkey', 'parent_b_a_pkey', 3, 3],
  ];
  const unique = [
    ...['memory', 'main', 'unique_parent', 'u', 'memory', 'main', 'child', 'z', 1],
    ...['child_z_u_fkey', 'unique_parent_u_key', 3, 3],
  ];
  assert.deepEqual(imported.rows, [...main, unique]);
  const exported = await keyOf('CommandGetExportedKeys', 'parent', { dbSchema: 'main' });
  assert.equal(shape(exported.schema), referencesShape);
  assert.deepEqual(exported.rows, main);
  const elsewhere = await keyOf('CommandGetExportedKeys', 'parent', { dbSchema: 's_1' });
  assert.deepEqual(
    elsewhere.rows.map((row) => [row[1], row[3], row[5], row[7]]),
    [['s_1', 'k', 's_1', 'k']],
  );
  const cross = await ask(
    command('CommandGetCrossReference', text(2, 'main'), text(3, 'parent'), text(5, 'main'), text(6, 'child')),
  );
  assert.equal(shape(cross.schema), referencesShape);
  assert.deepEqual(cross.rows, main);
  const crossed = command(
    'CommandGetCrossReference',
    text(2, 'main'),
    text(3, 'parent'),
    text(5, 's_1'),
    text(6, 'child'),
  );
  assert.deepEqual((await ask(crossed)).rows, []);
});

const infoOf = async (...codes: readonly number[]): Promise<Map<unknown, unknown>> => {
  const { rows } = await ask(
    command('CommandGetSqlInfo', ...codes.map((code) => concat([Uint8Array.of(8), ...[varintOf(code)]]))),
  );
  return new Map(rows.map(([code, value]) => [code, value]));
};
function varintOf(value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 127) | 128, value >> 7);
}

/** The member of the union that stock clients cast each code to. */
const memberOf: Readonly<Record<string, readonly number[]>> = {
  string_value: [0, 1, 2, 6, 7, 504, 513, 514, 529, 530, 531],
  bool_value: [
    ...[
      3, 4, 5, 9, 10, 11, 500, 501, 502, 506, 515, 516, 518, 519, 520, 521, 523, 524, 527, 532, 536, 537, 539, 556, 563,
    ],
    ...[565, 566, 572, 573, 574, 575, 576],
  ],
  bigint_value: [
    541, 542, 543, 544, 545, 546, 547, 548, 549, 550, 551, 552, 553, 554, 555, 557, 558, 559, 560, 561, 562,
  ],
  int32_bitmask: [
    8, 100, 101, 503, 505, 507, 522, 525, 526, 528, 533, 534, 535, 538, 540, 564, 567, 568, 569, 570, 571,
  ],
  string_list: [508, 509, 510, 511, 512],
  int32_to_int32_list_map: [517],
};

test('SqlInfo: every code and no other, each in the member that clients cast it to', async () => {
  const cmd = command('CommandGetSqlInfo');
  const { schema, rows } = await ask(cmd);
  assert.equal(
    shape(schema),
    'info_name uint32!, value union<string_value utf8!, bool_value bool!, bigint_value int64!, int32_bitmask int32!, string_list list<item utf8>!, int32_to_int32_list_map map<entries struct<key int32!, value list<item int32>>!>!>!',
  );
  const codes = Object.values(memberOf)
    .flat()
    .toSorted((a, b) => a - b);
  assert.deepEqual(
    rows.map(([code]) => code),
    codes,
  );
  const { messages } = await running.client.doGet(cmd);
  const { decode } = createBatchDecoder(schema);
  for await (const message of messages) {
    const [code, value] = decode(message)?.columns ?? [];
    assert.ok(code !== undefined && value !== undefined);
    const codeAt = valueReader(code);
    const members = Array.from({ length: code.length }, (_, row) => [
      codeAt(row),
      value.children[value.typeIds?.[row] as number]?.field.name,
    ]);
    for (const [member, expected] of Object.entries(memberOf))
      assert.deepEqual(
        members.filter(([, name]) => name === member).map(([one]) => one),
        expected,
        member,
      );
    message.release();
  }
});

test('SqlInfo: those asked for in that order, unknown codes left out; the values are true', async () => {
  const asked = await infoOf(8, 0, 9999, 1, 513, 508, 101);
  assert.deepEqual([...asked.keys()], [8, 0, 1, 513, 508, 101]);
  assert.equal(asked.get(0), 'DuckHouse');
  assert.match(String(asked.get(1)), /^duckdb v\d+\.\d+\.\d+$/);
  assert.equal(asked.get(8), 1);
  assert.ok((asked.get(508) as string[]).includes('SELECT'.toLowerCase()));
  assert.equal(asked.get(101), 300_000);
  const packed = command('CommandGetSqlInfo', messageField(1, concat([varintOf(0), varintOf(504)])));
  assert.deepEqual((await ask(packed)).rows, [
    [0, 'DuckHouse'],
    [504, '"'],
  ]);
  assert.deepEqual(await running.rows('SELECT 1 AS a$b'), [{ a$b: 1 }]); // 514
  const functions = [...(await infoOf(509, 510, 511, 512)).values()] as string[][];
  assert.ok(functions.every((list) => list.length > 5));
});

test('SqlInfo of cancelling, loads and transactions: what the server does', async () => {
  const asked = await infoOf(9, 10, 11, 562, 563, 564);
  assert.deepEqual(Object.fromEntries(asked), { 9: true, 10: true, 11: true, 562: 3n, 563: true, 564: 1 << 3 });
  // Repeatable read: what others commit in the meantime is not seen, and two that read what the other writes both commit.
  const client = connectFlightSql({ uri: `grpc://127.0.0.1:${running.port}` });
  await client.execute("CREATE TABLE on_duty AS FROM (VALUES ('ann', true), ('bob', true)) t(who, here)");
  const [one, two] = [await client.begin(), await client.begin()];
  const sql = 'SELECT count(*) FROM on_duty WHERE here';
  const seen = async (by: Pick<typeof one, 'query'>): Promise<unknown> => (await by.query(sql).then(rowsOf))[0]?.[0];
  assert.deepEqual([await seen(one), await seen(two)], [2n, 2n]);
  await two.execute("UPDATE on_duty SET here = false WHERE who = 'bob'");
  await two.commit();
  assert.deepEqual([await seen(one), await seen(client)], [2n, 1n]);
  await one.execute("UPDATE on_duty SET here = false WHERE who = 'ann'");
  await one.commit();
  assert.equal(await seen(client), 0n);
  await client.execute('DROP TABLE on_duty');
  await client.close();
});

test('SqlInfo 517: DuckDB casts what is said to be castable', async () => {
  const castable = conversions.flatMap(([from, to]) =>
    to.map((target) => `NULL::${convertTypes[from]}::${convertTypes[target]}`),
  );
  assert.equal((await running.rows(`SELECT ${castable.join(', ')}`)).length, 1);
});

test('XDBC types: all in order, or those of one number; DuckDB knows each of them', async () => {
  const { schema, rows } = await ask(command('CommandGetXdbcTypeInfo'));
  assert.equal(
    shape(schema),
    'type_name utf8!, data_type int32!, column_size int32, literal_prefix utf8, literal_suffix utf8, create_params list<item utf8!>, nullable int32!, case_sensitive bool!, searchable int32!, unsigned_attribute bool, fixed_prec_scale bool!, auto_increment bool, local_type_name utf8, minimum_scale int32, maximum_scale int32, sql_data_type int32!, datetime_subcode int32, num_prec_radix int32, interval_precision int32',
  );
  const order = rows.map(([name, type]) => `${String(Number(type) + 1000).padStart(5, '0')} ${name}`);
  assert.deepEqual(order, order.toSorted());
  await running.rows(`SELECT ${xdbcTypes.map(({ name }) => `NULL::${name}`).join(', ')}`);
  const minusFive = concat([Uint8Array.of(8), Uint8Array.from([0xfb, 255, 255, 255, 255, 255, 255, 255, 255, 1])]);
  assert.deepEqual(
    (await ask(command('CommandGetXdbcTypeInfo', minusFive))).rows.map(([name]) => name),
    ['BIGINT', 'UINTEGER'],
  );
  const zero = Uint8Array.of(8, 0);
  assert.deepEqual((await ask(command('CommandGetXdbcTypeInfo', zero))).rows, []);
});

test('Substrait is refused as not implemented, in every call', async () => {
  const plan = commandDescriptor(command('CommandStatementSubstraitPlan'));
  await assert.rejects(running.client.getFlightInfo(plan), failsWith('Unsupported', /Substrait/));
  await assert.rejects(running.client.getSchema(plan), failsWith('Unsupported', /Substrait/));
});

test('tables with their schemas take as many statements for a hundred tables as for two', async () => {
  const fresh = await runServer();
  const { engine } = fresh.lakehouse;
  const make = (from: number, to: number): Promise<unknown> =>
    engine.execute(
      Array.from({ length: to - from }, (_, i) => {
        const table = `t${from + i}(a INTEGER PRIMARY KEY, b VARCHAR, c DECIMAL(9, 2), d INTEGER[])`;
        return `CREATE TABLE ${table}; CREATE VIEW v${from + i} AS FROM t${from + i}`;
      }).join('; '),
    );
  /** How many statements DuckDB runs for it, by its own log. */
  const taken = async (wanted: number): Promise<number> => {
    await engine.execute('CALL truncate_duckdb_logs()');
    const rows = await fresh.client.doGet(command('CommandGetTables', intField(5, true))).then(rowsOf);
    assert.equal(rows.length, wanted);
    const logged = await fresh.rows("FROM duckdb_logs WHERE type = 'QueryLog' AND message NOT LIKE '%duckdb_logs%'");
    return logged.length;
  };
  try {
    await engine.execute("CALL enable_logging('QueryLog')");
    await make(0, 1);
    await taken(2); // asks what its types are
    await make(1, 2);
    const few = await taken(4);
    assert.ok(few > 0 && few < 10, `${few} statements`);
    await make(2, 100);
    assert.equal(await taken(200), few);
  } finally {
    await fresh.close();
  }
});

test('2,000 tables of 20 columns with their schemas come in batches that every client takes', async () => {
  const many = await runServer();
  try {
    const types = ['INTEGER', 'VARCHAR', 'DECIMAL(18,3)', 'TIMESTAMP', 'STRUCT(a INTEGER, b VARCHAR[])'];
    const columns = Array.from({ length: 20 }, (_, i) => `column_${i} ${types[i % types.length]}`).join(', ');
    const tables = Array.from({ length: 2000 }, (_, i) => `CREATE TABLE table_${i}(${columns})`);
    await many.lakehouse.engine.execute(`BEGIN; ${tables.join('; ')}; COMMIT`);
    const { messages } = await many.client.doGet(command('CommandGetTables', intField(5, true)));
    let rows = 0;
    for await (const message of messages) {
      assert.ok(message.body.byteLength < 2 << 20);
      rows += message.rows;
      message.release();
    }
    assert.equal(rows, 2000);
  } finally {
    await many.close();
  }
});
