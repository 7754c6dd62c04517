import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { DuckhouseError } from '../../src/errors.ts';
import { formatOf, formatOfFile, type ReadOptions } from '../../src/ingest/index.ts';
import { queryRows, type Row } from '../../src/lakehouse/index.ts';
import { inTemporaryFolder } from '../workspace.ts';

let engine: Engine;
before(async () => {
  engine = await openEngine({ database: ':memory:' });
});
after(() => engine.close());

interface Read {
  readonly rows: readonly Row[];
  readonly types: Readonly<Record<string, string>>;
  readonly details: string;
}

/** What a file of that name and content is read as. */
const read = (name: string, content: string | Uint8Array, options: Partial<ReadOptions> = {}): Promise<Read> =>
  inTemporaryFolder(async (folder) => {
    const file = path.join(folder, name);
    await writeFile(file, content);
    const format = formatOfFile(file);
    assert.notEqual(format, 'arrow');
    const scan = await formatOf(format).scan(engine, [file], { columns: new Map(), ...options });
    try {
      const types = Object.fromEntries(scan.columns.map(({ name: column, type }) => [column, type]));
      return {
        rows: await queryRows(engine, scan.sql),
        types,
        details: scan.found.map((finding) => finding.join(' ')).join(', '),
      };
    } finally {
      await scan.close?.();
    }
  });

const refuses = async (name: string, content: string | Uint8Array, id: string, options: Partial<ReadOptions> = {}) =>
  assert.rejects(read(name, content, options), (error) => {
    assert.ok(error instanceof DuckhouseError, String(error));
    assert.equal(error.id, id, error.message);
    assert.ok(error.message.includes(name) || id === 'encoding-unknown', error.message);
    return true;
  });

const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
/** One raw block, no checksum: RFC 8878. */
const zstd = (text: string): Buffer =>
  Buffer.concat([
    Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length),
    Buffer.of((text.length << 3) | 1, text.length >>> 5, 0),
    Buffer.from(text),
  ]);

test('integers beyond BIGINT keep their digits', async () => {
  const csv = await read('a.csv', `a,b,c\n18446744073709551615,${'9'.repeat(45)},1.5\n1,2,3\n`);
  assert.deepEqual(csv.types, { a: 'HUGEINT', b: 'VARCHAR', c: 'DOUBLE' });
  assert.equal(csv.rows[0]?.a, '18446744073709551615');
  assert.equal(csv.rows[0]?.b, '9'.repeat(45));
  const json = await read('a.json', `[{"a": 12345678901234567890123, "b": 1.5, "c": [1]}, {"a": 7, "b": 2}]`);
  assert.deepEqual(json.types, { a: 'HUGEINT', b: 'DOUBLE', c: 'BIGINT[]' });
  assert.equal(json.rows[0]?.a, '12345678901234567890123');
});

test('one huge integer far down is found before the digits are gone', async () => {
  const { types } = await read('a.csv', `a\n${'1\n'.repeat(5000)}${'8'.repeat(25)}\n`);
  assert.deepEqual(types, { a: 'HUGEINT' });
});

test('integers beyond BIGINT keep their digits inside lists, maps and structs of JSON', async () => {
  const huge = '123456789012345678901234567890';
  const nested = await read(
    'a.ndjson',
    `{"a": {"b c": [{"d,\\"(": ${huge}}, {"d,\\"(": null}], "e": 1.5}, "l": [[7, ${huge}]], "m": [1, 2.5], "t": ["${huge}"]}
{"a": null, "l": [], "m": [${huge}], "t": []}\n`,
  );
  assert.deepEqual(nested.types, {
    a: 'STRUCT("b c" STRUCT("d,""(" HUGEINT)[], e DOUBLE)',
    l: 'HUGEINT[][]',
    m: 'DOUBLE[]',
    t: 'VARCHAR[]',
  });
  assert.ok(JSON.stringify(nested.rows[0]).includes(`"d,\\"(":"${huge}"`), JSON.stringify(nested.rows[0]));
  assert.ok(JSON.stringify(nested.rows[0]?.l).includes(huge));
  const keys = Array.from({ length: 300 }, (_, i) => `{"m": {"key${i}": ${10n ** 25n + BigInt(i)}}}`);
  assert.deepEqual((await read('m.ndjson', keys.join('\n'))).types, { m: 'MAP(VARCHAR, HUGEINT)' });
});

test('infinity is a number, not a date, wherever it comes first; "epoch" is a word', async () => {
  const text = (values: string): string => `k,v\n${values.replaceAll(' ', '\n')}\n`;
  for (const values of ['1,inf 2,inf', '1,-Infinity 2,infinity', '1,inf 2,nan 3,1.5', '1,inf 2,-7', '1,inf 2,1e300'])
    assert.equal((await read('a.csv', text(values))).types.v, 'DOUBLE', values);
  for (const values of ['1,inf 2,x', '1,epoch 2,epoch', '1,inf 2,12345678901234567'])
    assert.equal((await read('a.csv', text(values))).types.v, 'VARCHAR', values);
  assert.equal((await read('a.csv', text('1,infinity 2,2024-01-31'))).types.v, 'DATE');
  const late = await read('late.csv', `k,v\n${'1,inf\n'.repeat(5000)}2,x\n`);
  assert.notEqual(late.types.v, 'DOUBLE');
});

test('dates whose year has two digits are text where it is not clear which number it is', async () => {
  assert.deepEqual((await read('a.csv', 'd,n\n25/12/25,1\n31/01/24,2\n')).types, { d: 'VARCHAR', n: 'BIGINT' });
  const mixed = await read('b.csv', 'iso,d\n2025-12-25,25/12/25\n2024-01-31,31/01/24\n');
  assert.deepEqual(mixed.types, { iso: 'DATE', d: 'VARCHAR' });
  const american = await read('c.csv', 'd\n12/25/25\n01/31/24\n');
  assert.deepEqual(american.types, { d: 'DATE' });
  assert.match(american.details, /dates %m\/%d\/%y/);
  const told = await read('d.csv', 'd\n25/12/25\n31/01/24\n', { dateFormat: '%d/%m/%y' });
  assert.deepEqual(told.types, { d: 'DATE' });
  assert.match(String(told.rows[0]?.d), /2025/);
});

test('UTF-16 of both byte orders, with and without mark, and the characters of Windows are read', async () => {
  const text = 'nom;prix\nPêche “fine”;1 €\nPoire;2 €\n';
  const windows = Buffer.from(text.replace('“', '\x93').replace('”', '\x94').replaceAll('€', '\x80'), 'latin1');
  const files: Readonly<Record<string, Uint8Array>> = {
    'le.csv': Buffer.from(`\ufeff${text}`, 'utf16le'),
    'be.csv': swapped(`\ufeff${text}`),
    'bare-le.csv': Buffer.from(text.replace(/[“”€]/g, '-'), 'utf16le'),
    'windows.csv': windows,
    'windows.csv.gz': gzipSync(windows),
  };
  for (const [name, content] of Object.entries(files)) {
    const { rows, details } = await read(name, content);
    assert.match(String(rows[0]?.nom), /^Pêche [“-]fine[”-]$/, `${name}: ${details}`);
    assert.equal(rows.length, 2, name);
  }
  const named = await read('a.csv', Buffer.from('nom\n\xb1\n', 'latin1'), { encoding: 'iso-8859-2' });
  assert.deepEqual(named.rows, [{ nom: 'ą' }]);
  await refuses('b.csv', 'a\n1\n', 'encoding-unknown', { encoding: 'klingon' });
  await refuses('c.csv', Buffer.of(0x80, 0xff, 0x0a, 0x80), 'encoding-wrong', { encoding: 'shift_jis' });
});

test('a line that is too long is not said to be the first', async () => {
  const text = `a,b\n${'1,x\n'.repeat(1000)}5,"${'y\n'.repeat(9 << 20)}"\n1,2\n`;
  await assert.rejects(read('long.csv', text), (error) => {
    assert.ok(error instanceof DuckhouseError);
    assert.match(error.message, /long\.csv(?::1002)?: Maximum line size of 16777216 bytes exceeded/);
    assert.equal(error.id, 'csv-malformed');
    return true;
  });
});

test('JSON with a byte order mark or in UTF-16 is the same JSON', async () => {
  const text = '[{"a": "é"}]';
  for (const content of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le'), gzipSync(text)])
    assert.deepEqual((await read('a.json', content)).rows, [{ a: 'é' }]);
  await refuses('empty.json', ' ', 'file-empty');
  await refuses('none.json', '[ ]', 'file-no-rows');
  await refuses('broken.json', '[{"a": 1}, {"a":', 'file-malformed');
  assert.equal((await read('deep.json', `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`)).rows.length, 1);
});

test('a compressed file that was cut off or changed is refused, never half loaded', async () => {
  const text = `id,x\n${Array.from({ length: 20_000 }, (_, i) => `${i},${Math.sin(i)}\n`).join('')}`;
  const packed = gzipSync(text);
  assert.equal((await read('whole.csv.gz', packed)).rows.length, 20_000);
  assert.equal((await read('packed.csv', packed)).rows.length, 20_000, 'told by its content');
  await refuses('cut.csv.gz', packed.subarray(0, packed.length >> 1), 'file-damaged');
  await refuses('tail.csv.gz', packed.subarray(0, packed.length - 4), 'file-damaged');
  const changed = Buffer.from(packed);
  changed[packed.length >> 1] = (changed[packed.length >> 1] as number) ^ 0xff;
  await refuses('changed.csv.gz', changed, 'file-damaged');
  assert.deepEqual((await read('a.csv.zst', zstd('a\n1\n2\n'))).rows, [{ a: 1n }, { a: 2n }]);
  await refuses('cut.csv.zst', zstd('a\n1\n2\n').subarray(0, -3), 'file-damaged');
});

test('headers of small compressed files are told as those of others', async () => {
  assert.equal((await read('a.csv.gz', gzipSync('1,2.5\n2,3.5\n'))).rows.length, 2);
});

test('lines may end in different ways, Excel may name the delimiter, lines before the header may be skipped', async () => {
  const mixed = await read('a.csv', 'id,t\r\n1,"x\r\ny"\n2,b\r\n');
  assert.deepEqual(mixed.rows, [
    { id: 1n, t: 'x\r\ny' },
    { id: 2n, t: 'b' },
  ]);
  assert.deepEqual((await read('b.csv', 'sep=;\r\na;b\r\n1;2\r\n')).rows, [{ a: 1n, b: 2n }]);
  assert.deepEqual((await read('c.csv', 'Report\n\na;b\n1;2\n', { skip: 2 })).rows, [{ a: 1n, b: 2n }]);
});

test('a format of dates with a time of day makes timestamps: the time was lost', async () => {
  const { types, rows } = await read('a.csv', 'd\n25/12/2024 13:45\n26/12/2024 01:02\n', {
    dateFormat: '%d/%m/%Y %H:%M',
  });
  assert.deepEqual(
    [types, rows.map(({ d }) => String(d))],
    [{ d: 'TIMESTAMP' }, ['2024-12-25 13:45:00', '2024-12-26 01:02:00']],
  );
});

test('numbers with thousands are text, and numbers when it is said how they are written', async () => {
  const text = 'id;n\n1;1 234,5\n2;12 345 678\n';
  assert.deepEqual((await read('a.csv', text)).types, { id: 'BIGINT', n: 'VARCHAR' });
  assert.deepEqual((await read('b.csv', text, { thousands: ' ', decimalComma: true })).rows, [
    { id: 1n, n: 1234.5 },
    { id: 2n, n: 12345678 },
  ]);
});

test('a file is read through small buffers', () =>
  inTemporaryFolder(async (folder) => {
    // The reader used to take one buffer of 256 MB, and the sniffer filled it before.
    const file = path.join(folder, 'a.csv');
    await writeFile(file, `i,t\n${'1,some text\n'.repeat(100_000)}`);
    const small = await openEngine({ database: ':memory:', settings: { memory_limit: '150MB', threads: '2' } });
    try {
      const scan = await formatOf('csv').scan(small, [file], { columns: new Map() });
      assert.equal((await queryRows(small, scan.sql)).length, 100_000);
    } finally {
      await small.close();
    }
  }));

test('what is no data file is called what it is', async () => {
  const excel = Buffer.from('PK\x03\x04................[Content_Types].xml', 'latin1');
  await refuses('book.csv', excel, 'file-excel');
  await refuses('zip.csv', Buffer.from('PK\x03\x04\x00\x01'), 'file-packed');
  await refuses('p.csv', 'PAR1', 'file-other');
  assert.throws(() => formatOfFile('book.xlsx'), { id: 'file-excel' });
  assert.throws(() => formatOfFile('a.csv.bz2'), { id: 'file-packed' });
  assert.deepEqual((await read('text.csv', 'BZh,ORC\n1,2\n')).rows, [{ BZh: 1n, ORC: 2n }]);
});
