import { PyTuple, str, truth, type Value } from '../../jinja/index.ts';
import { bindLiterals, iterateValue } from './adapter-helpers.ts';
import { type AdapterHost, runSql } from './adapter-host.ts';
import { type AdapterMethods, method } from './adapter-method.ts';
import { ResponseObject } from './answers.ts';
import { TableObject } from './table-object.ts';

const response = (message: string): Value => new ResponseObject(message, null, null);

async function tableOf(host: AdapterHost, sql: string, options: Parameters<typeof runSql>[2]): Promise<Value> {
  return new TableObject((await runSql(host, sql, options)).table, host.print);
}

/** Statements and the transaction they run in. */
export const statementMethods: AdapterMethods = {
  execute: method(
    ['sql', 'auto_begin', 'fetch', 'limit'],
    async (host, { sql, auto_begin, fetch, limit }) => {
      const options = {
        autoBegin: truth(auto_begin),
        fetch: truth(fetch),
        limit: limit === null ? undefined : Number(limit),
      };
      return new PyTuple([response('OK'), await tableOf(host, str(sql), options)]);
    },
    { auto_begin: false, fetch: false, limit: null },
  ),
  add_query: method(
    ['sql', 'auto_begin', 'bindings', 'abridge_sql_log'],
    async (host, { sql, auto_begin, bindings }) => {
      const bound = bindings === null ? [] : [...iterateValue(bindings)];
      const text = bound.length === 0 ? str(sql) : bindLiterals(str(sql), bound);
      return new PyTuple([null, await tableOf(host, text, { autoBegin: truth(auto_begin), fetch: true })]);
    },
    { auto_begin: true, bindings: null, abridge_sql_log: false },
  ),
  run_sql_for_tests: method(['sql', 'fetch', 'conn'], (host, { sql }) => tableOf(host, str(sql), { fetch: true }), {
    fetch: null,
    conn: null,
  }),
  commit: method([], async (host) => {
    await (await host.connection()).commit();
    return '';
  }),
  ensure_transaction: method([], async (host) => {
    const connection = await host.connection();
    if (!connection.isOpenTransaction()) connection.begin();
    return null;
  }),
  validate_sql: method(['sql'], async (host, { sql }) => {
    const own = await host.overridden('validate_sql', { sql });
    if (own !== undefined) return own;
    await (await host.connection()).describe(str(sql));
    return response('OK');
  }),
};
