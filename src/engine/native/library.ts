import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { koffi, uninterrupted } from './koffi.ts';
import type { Address } from './memory.ts';

const libraryNames: Readonly<Record<string, string>> = {
  linux: 'libduckdb.so',
  darwin: 'libduckdb.dylib',
  win32: 'duckdb.dll',
};

/** npm installs the one that fits the C library; on Linux both names are looked for. */
const packageNames = (): readonly string[] => {
  const name = `@duckdb/node-bindings-${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? [name, `${name}-musl`] : [name];
};

/** Path of DuckDB's shared library inside its npm package. Unsupported when there is none for this platform. */
export function findLibrary(directory?: string): string {
  const file = libraryNames[process.platform] ?? 'libduckdb.so';
  const folders = directory === undefined ? packageNames().flatMap(resolvePackage) : [directory];
  const found = folders.map((folder) => path.join(folder, file)).find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  const name = packageNames()[0] as string;
  throw new DuckhouseError('Unsupported', `DuckDB's library ${file} was not found in the package ${name}`, {
    id: 'library-missing',
    context: { package: name, file, platform: process.platform, arch: process.arch },
    hint: `install again without leaving out optional packages (npm ci); supported are Linux, macOS and Windows on x64 and arm64`,
  });
}

function resolvePackage(name: string): string[] {
  const own = createRequire(import.meta.url);
  const starts = [() => own, () => createRequire(own.resolve('@duckdb/node-bindings/package.json'))];
  return starts.flatMap((start) => {
    try {
      return [path.dirname(start().resolve(`${name}/package.json`))];
    } catch {
      return []; // not visible from here: package managers differ in where they put optional packages
    }
  });
}

const P = 'uint64_t';
/** duckdb_result is passed by value to fetch_chunk: six words. */
const resultStruct = koffi.struct({ a: P, b: P, c: P, d: P, e: P, f: P });
const hugeintStruct = koffi.struct({ lower: 'uint64_t', upper: 'int64_t' });
const uhugeintStruct = koffi.struct({ lower: 'uint64_t', upper: 'uint64_t' });
const decimalStruct = koffi.struct({ width: 'uint8_t', scale: 'uint8_t', value: hugeintStruct });
const intervalStruct = koffi.struct({ months: 'int32_t', days: 'int32_t', micros: 'int64_t' });
const progressStruct = koffi.struct({ percentage: 'double', rows: P, total: P });

/** Name, result and arguments of every C function used; see DuckDB's duckdb.h. */
const signatures = {
  library_version: ['str', []],
  open_ext: ['int', ['str', P, P, P]],
  close: ['void', [P]],
  create_config: ['int', [P]],
  set_config: ['int', [P, 'str', 'str']],
  destroy_config: ['void', [P]],
  connect: ['int', [P, P]],
  disconnect: ['void', [P]],
  interrupt: ['void', [P]],
  query_progress: [progressStruct, [P]],
  query: ['int', [P, 'str', P]],
  destroy_result: ['void', [P]],
  result_error: ['str', [P]],
  result_statement_type: ['int', [resultStruct]],
  rows_changed: [P, [P]],
  column_count: [P, [P]],
  value_varchar: [P, [P, P, P]],
  column_name: ['str', [P, P]],
  column_logical_type: [P, [P, P]],
  fetch_chunk: [P, [resultStruct]],
  data_chunk_get_size: [P, [P]],
  data_chunk_get_vector: [P, [P, P]],
  destroy_data_chunk: ['void', [P]],
  vector_get_data: [P, [P]],
  vector_get_validity: [P, [P]],
  list_vector_get_child: [P, [P]],
  list_vector_get_size: [P, [P]],
  struct_vector_get_child: [P, [P, P]],
  array_vector_get_child: [P, [P]],
  extract_statements: [P, [P, 'str', P]],
  extract_statements_error: ['str', [P]],
  destroy_extracted: ['void', [P]],
  prepare_extracted_statement: ['int', [P, P, P, P]],
  prepare: ['int', [P, 'str', P]],
  prepare_error: ['str', [P]],
  pending_prepared: ['int', [P, P]],
  pending_prepared_streaming: ['int', [P, P]],
  pending_error: ['str', [P]],
  pending_execute_task: ['int', [P]],
  execute_pending: ['int', [P, P]],
  destroy_pending: ['void', [P]],
  destroy_prepare: ['void', [P]],
  prepared_statement_type: ['int', [P]],
  prepared_statement_column_count: [P, [P]],
  prepared_statement_column_name: [P, [P, P]],
  prepared_statement_column_logical_type: [P, [P, P]],
  nparams: [P, [P]],
  parameter_name: [P, [P, P]],
  param_logical_type: [P, [P, P]],
  param_type: ['int', [P, P]],
  bind_null: ['int', [P, P]],
  bind_boolean: ['int', [P, P, 'bool']],
  bind_int8: ['int', [P, P, 'int8_t']],
  bind_int16: ['int', [P, P, 'int16_t']],
  bind_int32: ['int', [P, P, 'int32_t']],
  bind_int64: ['int', [P, P, 'int64_t']],
  bind_double: ['int', [P, P, 'double']],
  bind_varchar_length: ['int', [P, P, P, P]],
  bind_blob: ['int', [P, P, P, P]],
  bind_timestamp_tz: ['int', [P, P, 'int64_t']],
  bind_value: ['int', [P, P, P]],
  create_hugeint: [P, [hugeintStruct]],
  create_bool: [P, ['bool']],
  create_int8: [P, ['int8_t']],
  create_int16: [P, ['int16_t']],
  create_int32: [P, ['int32_t']],
  create_int64: [P, ['int64_t']],
  create_uint8: [P, ['uint8_t']],
  create_uint16: [P, ['uint16_t']],
  create_uint32: [P, ['uint32_t']],
  create_uint64: [P, ['uint64_t']],
  create_float: [P, ['float']],
  create_double: [P, ['double']],
  create_decimal: [P, [decimalStruct]],
  create_date: [P, ['int32_t']],
  create_time: [P, ['int64_t']],
  create_time_ns: [P, ['int64_t']],
  create_timestamp: [P, ['int64_t']],
  create_timestamp_tz: [P, ['int64_t']],
  create_timestamp_s: [P, ['int64_t']],
  create_timestamp_ms: [P, ['int64_t']],
  create_timestamp_ns: [P, ['int64_t']],
  create_interval: [P, [intervalStruct]],
  create_uuid: [P, [uhugeintStruct]],
  create_varchar_length: [P, [P, P]],
  create_blob: [P, [P, P]],
  create_null_value: [P, []],
  create_list_value: [P, [P, P, P]],
  get_list_child: [P, [P, P]],
  create_array_value: [P, [P, P, P]],
  create_struct_value: [P, [P, P]],
  create_map_value: [P, [P, P, P, P]],
  create_union_value: [P, [P, P, P]],
  create_cast_function: [P, []],
  cast_function_set_source_type: ['void', [P, P]],
  cast_function_set_target_type: ['void', [P, P]],
  cast_function_set_implicit_cast_cost: ['void', [P, 'int64_t']],
  cast_function_set_function: ['void', [P, P]],
  register_cast_function: ['int', [P, P]],
  destroy_cast_function: ['void', [P]],
  create_logical_type: [P, ['int']],
  create_decimal_type: [P, ['uint8_t', 'uint8_t']],
  create_list_type: [P, [P]],
  create_array_type: [P, [P, P]],
  create_map_type: [P, [P, P]],
  create_struct_type: [P, [P, P, P]],
  create_union_type: [P, [P, P, P]],
  destroy_value: ['void', [P]],
  execute_prepared: ['int', [P, P]],
  execute_prepared_streaming: ['int', [P, P]],
  get_type_id: ['int', [P]],
  logical_type_get_alias: [P, [P]],
  destroy_logical_type: ['void', [P]],
  decimal_width: ['uint8_t', [P]],
  decimal_scale: ['uint8_t', [P]],
  enum_dictionary_size: ['uint32_t', [P]],
  enum_dictionary_value: [P, [P, P]],
  list_type_child_type: [P, [P]],
  array_type_child_type: [P, [P]],
  array_type_array_size: [P, [P]],
  map_type_key_type: [P, [P]],
  map_type_value_type: [P, [P]],
  struct_type_child_count: [P, [P]],
  struct_type_child_name: [P, [P, P]],
  struct_type_child_type: [P, [P, P]],
  union_type_member_count: [P, [P]],
  union_type_member_name: [P, [P, P]],
  union_type_member_type: [P, [P, P]],
  result_get_arrow_options: [P, [P]],
  connection_get_arrow_options: ['void', [P, P]],
  destroy_arrow_options: ['void', [P]],
  data_chunk_to_arrow: [P, [P, P, P]],
  error_data_has_error: ['bool', [P]],
  error_data_message: ['str', [P]],
  destroy_error_data: ['void', [P]],
  arrow_scan: ['int', [P, 'str', P]],
  free: ['void', [P]],
} as const;

export type NativeName = keyof typeof signatures;
/** Every argument is a number, a bigint, a string or a boolean; the caller knows the C signature. */
export type NativeFunction = {
  (
    ...args: readonly (number | bigint | string | boolean | object)[]
  ): number | bigint | string | boolean | object | null;
  async(...args: readonly unknown[]): void;
};
export type DuckDb = Readonly<Record<NativeName, NativeFunction>>;

/** The C API of the library; each function is bound at its first use, which keeps start-up short. */
export function loadDuckDb(libraryPath: string): DuckDb {
  const library = uninterrupted(() => koffi.load(libraryPath));
  const bind = (name: NativeName): NativeFunction => {
    const [result, args] = signatures[name];
    return uninterrupted(
      () => library.func(`duckdb_${name}`, result as string, args as unknown as string[]) as unknown as NativeFunction,
    );
  };
  const duckdb = {};
  for (const name of Object.keys(signatures) as NativeName[]) {
    Object.defineProperty(duckdb, name, {
      configurable: true,
      get() {
        const value = bind(name);
        Object.defineProperty(duckdb, name, { value });
        return value;
      },
    });
  }
  return duckdb as DuckDb;
}

export type { Address };
