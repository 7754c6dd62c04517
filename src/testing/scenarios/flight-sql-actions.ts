import {
  bytesField,
  bytesOf,
  cancelStatus,
  decodeCancelRequest,
  decodeFlightInfo,
  decodeStatementTicket,
  encodeStatusResult,
  fieldMap,
  intField,
  intOf,
  packAny,
  textOf,
  unpackAny,
} from '../../flight/index.ts';
import { plan, savepoint, transactionId } from './flight-sql-values.ts';
import { expectEqual, invalid } from './scenario.ts';

type Run = (body: Uint8Array) => readonly Uint8Array[];

/** An action of Flight SQL: its message is in an Any, and so is its result. */
const sqlAction =
  (result: string | undefined, answer: (value: Uint8Array) => Uint8Array | undefined): Run =>
  (body) => {
    const value = answer(unpackAny(body)?.value ?? new Uint8Array(0));
    return value === undefined || result === undefined ? [] : [packAny({ name: result, value })];
  };

const inTransaction = (value: Uint8Array): boolean => bytesOf(fieldMap(value), 2).byteLength > 0;

export function checkPlan(value: Uint8Array): void {
  const fields = fieldMap(bytesOf(fieldMap(value), 1));
  expectEqual('plan', [textOf(fields, 1), textOf(fields, 2)], [plan.text, plan.version]);
}

const preparedQueries = ['SELECT PREPARED STATEMENT', 'UPDATE PREPARED STATEMENT'];
const handles = [...preparedQueries, 'PLAN'].flatMap((name) => [`${name} HANDLE`, `${name} WITH TXN HANDLE`]);
const handleOf = (name: string, value: Uint8Array): Uint8Array =>
  bytesField(1, `${name}${inTransaction(value) ? ' WITH TXN' : ''} HANDLE`);

function cancelPlan(ticket: Uint8Array | undefined): void {
  const message = unpackAny(ticket ?? new Uint8Array(0));
  expectEqual('ticket', message === undefined ? undefined : decodeStatementTicket(message.value), 'PLAN HANDLE');
}

function end(value: Uint8Array, id: string): undefined {
  const fields = fieldMap(value);
  expectEqual('id', textOf(fields, 1), id);
  const action = intOf(fields, 2);
  if (action !== 1n && action !== 2n) throw invalid(`unknown action ${action}`);
}

export const flightSqlActions: Readonly<Record<string, Run>> = {
  CreatePreparedStatement: sqlAction('ActionCreatePreparedStatementResult', (value) => {
    const query = textOf(fieldMap(value), 1);
    if (!preparedQueries.includes(query)) throw invalid(`unexpected query ${query}`);
    return handleOf(query, value);
  }),
  CreatePreparedSubstraitPlan: sqlAction('ActionCreatePreparedStatementResult', (value) => {
    checkPlan(value);
    return handleOf('PLAN', value);
  }),
  ClosePreparedStatement: sqlAction(undefined, (value) => {
    const handle = textOf(fieldMap(value), 1);
    if (!handles.includes(handle)) throw invalid(`invalid handle: ${handle}`);
    return undefined;
  }),
  BeginTransaction: sqlAction('ActionBeginTransactionResult', () => bytesField(1, transactionId)),
  EndTransaction: sqlAction(undefined, (value) => end(value, transactionId)),
  BeginSavepoint: sqlAction('ActionBeginSavepointResult', (value) => {
    const fields = fieldMap(value);
    expectEqual('savepoint', [textOf(fields, 1), textOf(fields, 2)], [transactionId, savepoint.name]);
    return bytesField(1, savepoint.id);
  }),
  EndSavepoint: sqlAction(undefined, (value) => end(value, savepoint.id)),
  CancelQuery: sqlAction('ActionCancelQueryResult', (value) => {
    cancelPlan(decodeFlightInfo(bytesOf(fieldMap(value), 1)).endpoints[0]?.ticket);
    return intField(1, cancelStatus.cancelled);
  }),
  CancelFlightInfo: (body) => {
    cancelPlan(decodeCancelRequest(body).endpoints[0]?.ticket);
    return [encodeStatusResult(cancelStatus.cancelled)];
  },
};
