import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ArrowSchema, buildBatch, decapsulate, decodeSchema } from '../../src/arrow/index.ts';
import { intField } from '../../src/flight/proto/wire.ts';
import { failsWith, type RunningServer, runServer } from './running-server.ts';
import { infoValues, sqlMessage, text, type WireClient, wireClient } from './wire-client.ts';

// The call sequences of clients that cannot be run here, as their sources make them.
let running: RunningServer;
before(async () => {
  running = await runServer({ auth: { username: 'jane', password: 'se:cret' } });
  await running.lakehouse.engine.execute(`
    CREATE TABLE people(id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, born DATE);
    INSERT INTO people VALUES (1, 'Ada', '1815-12-10'), (2, 'Bob', NULL);
    CREATE TABLE pets(owner INTEGER REFERENCES people(id), name VARCHAR);
    CREATE SCHEMA "odd_schema";
    CREATE TABLE "odd_schema"."odd_table"(a INTEGER);
    CREATE VIEW looked AS SELECT name FROM people;
    CREATE TABLE metrics AS SELECT TIMESTAMP '2024-01-01 00:00:00' + INTERVAL (i) MINUTE AS time, i * 1.5 AS value FROM range(100) t(i)`);
});
after(() => running.close());

async function using(work: (client: WireClient) => Promise<void>): Promise<void> {
  const client = wireClient(running.port);
  try {
    await client.handshake('jane', 'se:cret');
    assert.match(client.headers.authorization ?? '', /^Bearer /);
    await work(client);
  } finally {
    client.close();
  }
}

const metadata = async (client: WireClient, name: string, ...fields: readonly Uint8Array[]): Promise<unknown[][]> =>
  client.rows(await client.info(sqlMessage(name, ...fields)));

const columnsOf = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.flatMap((row) => decodeSchema(decapsulate(row[4] as Uint8Array)).fields.map(({ name }) => `${row[2]}.${name}`));

/** What the JDBC driver does for `executeQuery`. */
async function jdbcQuery(client: WireClient, sql: string): Promise<unknown[][]> {
  const prepared = await client.prepare(sql);
  assert.ok(prepared.datasetSchema !== undefined && prepared.datasetSchema.fields.length > 0, 'a query has its schema');
  const rows = await prepared.query();
  await prepared.close();
  return rows;
}

/** And for `executeUpdate`: an empty dataset schema makes it one. */
async function jdbcUpdate(client: WireClient, sql: string): Promise<number> {
  const prepared = await client.prepare(sql);
  assert.equal(prepared.datasetSchema?.fields.length ?? 0, 0);
  assert.equal(prepared.isUpdate, true);
  const rows = await prepared.update([buildBatch({ fields: [] }, [])]);
  await prepared.close();
  return rows;
}

test('DBeaver over JDBC: connect, navigate, open a table, edit a row', () =>
  using(async (client) => {
    const infos = infoValues(await metadata(client, 'CommandGetSqlInfo'));
    assert.equal(infos.get(0), 'DuckHouse');
    assert.equal(infos.get(504), '"');
    assert.deepEqual(await metadata(client, 'CommandGetCatalogs'), [['memory']]);
    assert.deepEqual(await metadata(client, 'CommandGetDbSchemas', text(1, 'memory')), [
      ['memory', 'main'],
      ['memory', 'odd_schema'],
    ]);
    assert.equal((await metadata(client, 'CommandGetTableTypes')).length, 4);
    const tables = await metadata(client, 'CommandGetTables', text(1, 'memory'), text(2, 'main'), text(3, '%'));
    assert.deepEqual(
      tables.map((row) => `${row[2]} ${row[3]}`),
      ['looked VIEW', 'metrics TABLE', 'people TABLE', 'pets TABLE'],
    );
    const columns = await metadata(
      client,
      'CommandGetTables',
      ...[text(1, 'memory'), text(2, 'main'), text(3, 'people'), intField(5, true)],
    );
    assert.deepEqual(columnsOf(columns), ['people.id', 'people.name', 'people.born']);
    const table = [text(1, 'memory'), text(2, 'main'), text(3, 'people')];
    assert.deepEqual(
      (await metadata(client, 'CommandGetPrimaryKeys', ...table)).map((row) => row[3]),
      ['id'],
    );
    assert.equal((await metadata(client, 'CommandGetExportedKeys', ...table)).length, 1);
    assert.equal((await metadata(client, 'CommandGetImportedKeys', ...table)).length, 0);
    assert.equal((await jdbcQuery(client, 'SELECT x.* FROM memory.main.people x LIMIT 200')).length, 2);
    assert.equal(await jdbcUpdate(client, "UPDATE memory.main.people SET name = 'Adah' WHERE id = 1"), 1);
    assert.deepEqual(await jdbcQuery(client, 'SELECT name FROM people WHERE id = 1'), [['Adah']]);
    const prepared = await client.prepare('UPDATE people SET name = ? WHERE id = ?');
    assert.equal(prepared.parameterSchema?.fields.length, 2);
    assert.ok(prepared.parameterSchema?.fields.every(({ nullable }) => nullable));
    const schema: ArrowSchema = {
      fields: [
        { name: '1', type: { id: 'utf8' }, nullable: true, children: [] },
        { name: '2', type: { id: 'int', bitWidth: 32, signed: true }, nullable: true, children: [] },
      ],
    };
    assert.equal(await prepared.update([buildBatch(schema, [['Ada'], [1]])], schema), 1);
    await prepared.close();
  }));

/** The types Metabase asks for. */
const metabaseTypes = ['TABLE', 'PARTITIONED TABLE', 'VIEW', 'FOREIGN TABLE', 'MATERIALIZED VIEW', 'EXTERNAL TABLE'];

test('Metabase over JDBC: sync, fingerprint and a question', () =>
  using(async (client) => {
    assert.match(String(infoValues(await metadata(client, 'CommandGetSqlInfo')).get(1)), /^duckdb /);
    assert.equal((await metadata(client, 'CommandGetDbSchemas')).length, 2);
    const types = metabaseTypes.map((type) => text(4, type));
    const found = await metadata(client, 'CommandGetTables', text(2, 'odd\\_schema'), text(3, '%'), ...types);
    assert.deepEqual(found, [['memory', 'odd_schema', 'odd_table', 'TABLE']]);
    const probe = 'SELECT TRUE AS "_" FROM "odd_schema"."odd_table" WHERE 1 <> 1 LIMIT 0';
    assert.deepEqual(await jdbcQuery(client, probe), []);
    const described = await metadata(
      client,
      'CommandGetTables',
      ...[text(2, 'odd\\_schema'), text(3, 'odd\\_table'), intField(5, true)],
    );
    assert.deepEqual(columnsOf(described), ['odd_table.a']);
    assert.equal((await metadata(client, 'CommandGetImportedKeys', text(2, 'main'), text(3, 'pets'))).length, 1);
    const question = `SELECT "source"."day" AS "day", COUNT(*) AS "count" FROM (SELECT CAST("main"."metrics"."time" AS date) AS "day" FROM "main"."metrics") AS "source" GROUP BY "source"."day" ORDER BY "source"."day" ASC LIMIT 2000`;
    assert.deepEqual(await jdbcQuery(client, question), [['2024-01-01', 100n]]);
  }));

test('JDBC is told of parameters in milliseconds, for it writes them into any unit; others of their own unit', async () => {
  const types = async (agent: string): Promise<(string | undefined)[]> => {
    const client = wireClient(running.port, { 'user-agent': agent });
    try {
      await client.handshake('jane', 'se:cret');
      const prepared = await client.prepare('SELECT ?::TIMESTAMP, ?::TIMESTAMPTZ, ?::TIME, ?::INTERVAL, ?::DATE');
      return (prepared.parameterSchema?.fields ?? []).map(({ type }) => ('unit' in type ? type.unit : type.id));
    } finally {
      client.close();
    }
  };
  assert.deepEqual(await types('grpc-java-netty/1.71.0'), ['millisecond', 'millisecond', 'millisecond', 'utf8', 'day']);
  const micro = 'microsecond';
  assert.deepEqual(await types('grpc-c++/1.60'), [micro, micro, micro, 'monthDayNano', 'day']);
});

test('Grafana: credentials, tables and a panel; it reads the first endpoint only', () =>
  using(async (client) => {
    await client.handshake('jane', 'se:cret', true); // its Arrow Go 12 ends its side when it has been answered
    assert.ok((await metadata(client, 'CommandGetSqlInfo')).length > 80);
    assert.ok(
      (await metadata(client, 'CommandGetTables', text(4, 'BASE TABLE'), text(4, 'table'))).some(
        (row) => row[2] === 'metrics',
      ),
    );
    const described = await metadata(client, 'CommandGetTables', text(3, 'metrics'), intField(5, true));
    assert.deepEqual(columnsOf(described), ['metrics.time', 'metrics.value']);
    const sql =
      "SELECT time, value FROM metrics WHERE time >= cast('2024-01-01T00:10:00Z' as timestamp) AND time < cast('2024-01-01T00:15:00Z' as timestamp) ORDER BY time";
    const info = await client.info(sqlMessage('CommandStatementQuery', text(1, sql)));
    assert.equal(info.endpoints.length, 1);
    assert.deepEqual(info.endpoints[0]?.locations, []);
    assert.equal((await client.rows(info)).length, 5);
  }));

test('ODBC: catalog functions, direct execution, preparation; locations are left empty', () =>
  using(async (client) => {
    const infos = infoValues(await metadata(client, 'CommandGetSqlInfo'));
    for (const code of [2, 3, 500, 501, 502, 506, 507, 508, 517, 522, 528, 541, 562])
      assert.ok(infos.has(code), `${code}`);
    assert.ok((await metadata(client, 'CommandGetXdbcTypeInfo')).length > 20);
    assert.deepEqual(
      (await metadata(client, 'CommandGetXdbcTypeInfo', intField(1, 12))).map((row) => row[0]),
      ['BIT', 'UUID', 'VARCHAR'],
    );
    assert.equal((await metadata(client, 'CommandGetTables', text(2, 'main'), text(3, 'people'))).length, 1);
    const columns = await metadata(client, 'CommandGetTables', text(2, '%'), text(3, 'pets'), intField(5, true));
    assert.deepEqual(columnsOf(columns), ['pets.owner', 'pets.name']);
    const direct = await client.info(sqlMessage('CommandStatementQuery', text(1, 'SELECT id FROM people ORDER BY id')));
    assert.ok(direct.endpoints.every(({ locations }) => locations.length === 0));
    assert.deepEqual(await client.rows(direct), [[1], [2]]);
    // SQLExecDirect prepares as well, and reads the schemas without a look whether there are any.
    const made = await client.prepare('CREATE TABLE by_odbc AS SELECT 1 AS one');
    assert.deepEqual([made.datasetSchema?.fields, made.parameterSchema?.fields], [[], []]);
    assert.deepEqual(await made.query(), []);
    await made.close();
    const prepared = await client.prepare('SELECT one FROM by_odbc');
    assert.deepEqual(await prepared.query(), [[1]]);
    assert.deepEqual(await prepared.query(), [[1]]);
    await prepared.close();
  }));

test('old ODBC: the name holds the rest of the connection string, and the answer a token that is used from then on', async () => {
  for (const [name, password] of [
    ['jane};PWD={se:cret', ''],
    ['jane};PWD={se:cret}', ''],
    ['jane};pwd={se:cret', ''],
  ] as const) {
    const client = wireClient(running.port);
    await client.handshake(name, password);
    assert.match(client.headers.authorization ?? '', /^Bearer /, name);
    assert.deepEqual(await client.rows(await client.info(sqlMessage('CommandStatementQuery', text(1, 'SELECT 1')))), [
      [1],
    ]);
    client.close();
  }
  for (const [name, password] of [
    ['jane};PWD={wrong', 'se:cret'],
    ['joan};PWD={se:cret', ''],
    ['jane};PWD=se:cret', ''],
  ] as const) {
    const client = wireClient(running.port);
    await assert.rejects(
      client.handshake(name, password),
      failsWith('Unauthenticated', /wrong user name or password/),
      name,
    );
    client.close();
  }
});

test('ODBC with a token: an empty handshake under a bearer token changes nothing', () =>
  using(async (client) => {
    const other = wireClient(running.port);
    other.headers.authorization = client.headers.authorization ?? '';
    await other.action('list_tables', Buffer.from('{}'));
    other.close();
  }));

test('Java: an update is answered before the client ends its side', () =>
  using(async (client) => {
    const command = sqlMessage('CommandStatementUpdate', text(1, "INSERT INTO pets VALUES (1, 'Rex')"));
    assert.equal(await client.update(command, { waits: true }), 1);
  }));
