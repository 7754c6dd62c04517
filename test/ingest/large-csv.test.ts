import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { formatOf, type Scan } from '../../src/ingest/index.ts';
import { queryRows, type Row } from '../../src/lakehouse/index.ts';
import { inTemporaryFolder } from '../workspace.ts';

let engine: Engine;
before(async () => {
  engine = await openEngine({ database: ':memory:' });
});
after(() => engine.close());

const linesBeyondSample = 250_000;
const padding = 'x'.repeat(300);

interface Large {
  readonly header: string;
  readonly line: (i: number) => string;
  readonly last: readonly string[];
}

/** A CSV file of more than 64 MB: the types of such are told from its first 200,000 rows. */
async function writeLarge(file: string, { header, line, last }: Large): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.write(`${header},padding\n`);
    for (let i = 0; i < linesBeyondSample; i += 10_000)
      await handle.write(Array.from({ length: 10_000 }, (_, k) => `${line(i + k)},${padding}\n`).join(''));
    await handle.write(last.map((text) => `${text},${padding}\n`).join(''));
  } finally {
    await handle.close();
  }
}

const readLarge = (large: Large, where: string): Promise<{ readonly rows: readonly Row[]; readonly scan: Scan }> =>
  inTemporaryFolder(async (folder) => {
    const file = path.join(folder, 'large.csv');
    await writeLarge(file, large);
    const scan = await formatOf('csv').scan(engine, [file], { columns: new Map() });
    try {
      return { rows: await queryRows(engine, `SELECT * EXCLUDE padding FROM (${scan.sql}) WHERE ${where}`), scan };
    } finally {
      await scan.close?.();
    }
  });

const typesOf = ({ columns }: Scan): string => columns.map(({ name, type }) => `${name} ${type}`).join(', ');

test('quotes that come after the rows that were looked at are the usual ones', async () => {
  const { rows, scan } = await readLarge(
    { header: 'id,name', line: (i) => `${i},n${i}`, last: ['-1,"a, ""b"""', '-2,5" pipe'] },
    'id < 0 ORDER BY id DESC',
  );
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['a, "b"', '5" pipe'],
  );
  assert.equal(typesOf(scan), 'id BIGINT, name VARCHAR, padding VARCHAR');
});

test('quotes that close nothing at the start of a large file are letters', async () => {
  const { rows } = await readLarge({ header: 'id,size', line: (i) => `${i},"${i % 7}`, last: ['-1,"8'] }, 'id < 0');
  assert.deepEqual(rows, [{ id: -1n, size: '"8' }]);
});

test('types are told from more rows of a large file than its dialect', async () => {
  const line = (i: number): string => `${i},${i < 150_000 ? 1 : 1.5},${i < 150_000 ? '' : "'a,b'"}`;
  const { rows, scan } = await readLarge({ header: 'id,number,text', line, last: [] }, 'id = 249999');
  assert.equal(typesOf(scan), 'id BIGINT, number DOUBLE, text VARCHAR, padding VARCHAR');
  assert.equal(rows.length, 1);
});
