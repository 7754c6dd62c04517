import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArrowField, ArrowType } from '../../src/arrow/index.ts';
import { columnType, duckTypeKey } from '../../src/engine/index.ts';
import { isDuckhouseError } from '../../src/errors.ts';
import { cell, checkPart } from '../documents.ts';
import { withEngine } from './engine-rows.ts';
import { arrowText, typeMatrix } from './type-matrix.ts';

test('docs/types.md says what each DuckDB type is in Arrow', () =>
  withEngine(async (engine) => {
    const lines = ['| DuckDB | Arrow | named in metadata | note |', '|---|---|---|---|'];
    for (const { type, note } of typeMatrix) {
      const result = await engine.query(`SELECT NULL::${type} AS v`);
      await result.close();
      const field = result.schema.fields[0] as ArrowField;
      const extension = field.metadata?.get('ARROW:extension:name');
      const name = extension === undefined ? (field.metadata?.has(duckTypeKey) ? 'yes' : '') : `as \`${extension}\``;
      lines.push(`| ${cell(type)} | ${cell(arrowText(field))} | ${name} | ${note ?? ''} |`);
    }
    checkPart('docs/types.md', 'from-duckdb', lines);
  }));

const field = (type: ArrowType, children: readonly ArrowField[] = [], name = 'v'): ArrowField => ({
  name,
  type,
  nullable: true,
  children,
});
const number = field({ id: 'int', bitWidth: 32, signed: true }, [], 'n');
const text = field({ id: 'utf8' }, [], 's');
const entries = field({ id: 'struct' }, [text, number], 'entries');

/** Arrow types by the name the format gives them, where the name in the matrix above does not tell it already. */
const arrowTypes: Readonly<Record<string, ArrowField>> = {
  null: field({ id: 'null' }),
  float16: field({ id: 'floatingPoint', bitWidth: 16 }),
  'string, large_string, string_view': field({ id: 'utf8View' }),
  'binary, large_binary, binary_view, fixed_size_binary': field({ id: 'fixedSizeBinary', byteWidth: 4 }),
  'decimal32, decimal64, decimal128, decimal256': field({ id: 'decimal', precision: 9, scale: 2, bitWidth: 32 }),
  'date32, date64': field({ id: 'date', unit: 'millisecond' }),
  'time32[s], time32[ms], time64[us]': field({ id: 'time', unit: 'second', bitWidth: 32 }),
  'time64[ns]': field({ id: 'time', unit: 'nanosecond', bitWidth: 64 }),
  'timestamp[s]': field({ id: 'timestamp', unit: 'second' }),
  'timestamp[ms]': field({ id: 'timestamp', unit: 'millisecond' }),
  'timestamp[us]': field({ id: 'timestamp', unit: 'microsecond' }),
  'timestamp[ns]': field({ id: 'timestamp', unit: 'nanosecond' }),
  'timestamp[any, tz=any]': field({ id: 'timestamp', unit: 'second', timezone: 'Europe/Paris' }),
  'duration[any], month_interval, day_time_interval, month_day_nano_interval': field({
    id: 'duration',
    unit: 'second',
  }),
  'list, large_list, list_view, large_list_view': field({ id: 'largeListView' }, [number]),
  fixed_size_list: field({ id: 'fixedSizeList', listSize: 3 }, [number]),
  struct: field({ id: 'struct' }, [number, text]),
  map: field({ id: 'map', keysSorted: false }, [entries]),
  sparse_union: field({ id: 'union', mode: 'sparse', typeIds: [0, 1] }, [number, text]),
  'dictionary, run_end_encoded': field({ id: 'runEndEncoded' }, [number, text]),
};

const becomes = (column: ArrowField): string => {
  try {
    return cell(columnType(column));
  } catch (error) {
    assert.ok(isDuckhouseError(error) && error.kind === 'Unsupported');
    return 'refused';
  }
};

test('docs/types.md says what each Arrow type becomes', () => {
  const plain = ['bool', 'int8 … int64', 'uint8 … uint64', 'float32, float64'];
  const same = ['BOOLEAN', 'TINYINT … BIGINT', 'UTINYINT … UBIGINT', 'FLOAT, DOUBLE'];
  checkPart('docs/types.md', 'to-duckdb', [
    '| Arrow | DuckDB |',
    '|---|---|',
    ...plain.map((name, i) => `| ${cell(name)} | ${cell(same[i] as string)} |`),
    ...Object.entries(arrowTypes).map(([name, column]) => `| ${cell(name)} | ${becomes(column)} |`),
  ]);
});
