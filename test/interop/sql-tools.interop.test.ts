import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runServer } from '../flight/running-server.ts';
import { pythonWith } from './python.ts';

// SQLAlchemy and Ibis, through what is published for Flight SQL servers over DuckDB; the dialect pins an old ADBC driver.
const sqlalchemy = await pythonWith(
  'sqlalchemy-gizmosql-adbc-dialect==0.0.27',
  'sqlalchemy==2.0.58',
  'pyarrow==22.0.0',
);
const ibis = await pythonWith(
  'ibis-gizmosql==1.0.4',
  'ibis-framework==12.0.0',
  'pandas==3.0.6',
  'pyarrow==22.0.0',
  'adbc-driver-gizmosql==2.0.15',
  'sqlglot==27.8.0', // of Ibis' own time: with a newer one it writes DROP VIEW without a name
);
const auth = { username: 'jane', password: 'se-cret' };

async function ask(python: typeof sqlalchemy, program: string): Promise<Record<string, unknown>> {
  const running = await runServer({ auth });
  try {
    return await python.run<Record<string, unknown>>(program, { port: running.port, ...auth });
  } finally {
    await running.close();
  }
}

test('SQLAlchemy: tables, rows, joins, parameters and the inspector', { skip: sqlalchemy.skip }, async () => {
  const { missing, ...seen } = await ask(sqlalchemy, 'with_sqlalchemy.py');
  assert.match(String(missing), /nowhere/);
  assert.deepEqual(seen, {
    joined: [['Ada', 'Rex']],
    sum: '30.50',
    bound: 1,
    tables: ['people', 'pets'],
    columns: [
      ['id', 'INTEGER'],
      ['name', 'VARCHAR'],
      ['pay', 'NUMERIC'],
    ],
    schemas: ['main'],
    has: [true, false],
    primary: ['id'],
    foreign: ['people'],
    dropped: false,
  });
});

test('Ibis: tables, expressions, views and data frames', { skip: ibis.skip }, async () => {
  const { version, ...seen } = await ask(ibis, 'with_ibis.py');
  assert.match(String(version), /1\.\d+\.\d+/);
  assert.deepEqual(seen, {
    tables: ['numbers'],
    schema: { g: 'string', n: 'int64' },
    totals: [
      { g: 'a', total: 1, rows: 2 },
      { g: 'b', total: 2, rows: 1 },
    ],
    pandas: [1, 2],
    view: [2, 4],
    memtable: 6,
    sql: [{ one: 1 }],
    batches: 3,
    left: [],
  });
});
