import { DuckhouseError } from '../../../errors.ts';
import type { CallContext } from '../../calls/context.ts';
import {
  cancelStatus,
  decodeCancelRequest,
  decodeFlightInfo,
  encodeStatusResult,
  type FlightInfo,
} from '../../proto/messages.ts';
import { decodeInfoBytes, packAny } from '../../proto/sql-messages.ts';
import type { ProtocolAction } from '../../protocol-action.ts';
import { ownerOf, stopStatement } from '../../stop-statement.ts';
import { requestOf } from './request.ts';

export const cancelActions: readonly ProtocolAction[] = [
  {
    type: 'CancelFlightInfo',
    description: 'Stops a query. Request: CancelFlightInfoRequest; result: CancelFlightInfoResult',
    async run(context, body) {
      cancel(context, decodeCancelRequest(body));
      return [encodeStatusResult(cancelStatus.cancelled)];
    },
  },
  {
    type: 'CancelQuery',
    description: 'Stops a query (deprecated). Request: ActionCancelQueryRequest; result: ActionCancelQueryResult',
    async run(context, body) {
      cancel(context, decodeFlightInfo(decodeInfoBytes(requestOf(body, 'ActionCancelQueryRequest'))));
      return [packAny({ name: 'ActionCancelQueryResult', value: encodeStatusResult(cancelStatus.cancelled) })];
    },
  },
];

/** Whether it waits for others, to be fetched, or is being fetched. NotFound when it has ended, or is somebody else's. */
function cancel(context: CallContext, { appMetadata }: FlightInfo): void {
  const { tickets, principal } = context;
  const queryId = queryIdOf(appMetadata);
  if (queryId !== undefined) {
    const waits = tickets.cancel(queryId, principal.name);
    const runs = ownerOf(context, queryId) === principal.name && stopStatement(context, queryId);
    if (waits || runs) return;
  }
  throw new DuckhouseError('NotFound', 'the query has ended, or the FlightInfo is none of this server', {
    id: 'query-not-found',
    context: { queryId },
  });
}

function queryIdOf(appMetadata: Uint8Array): string | undefined {
  try {
    const { queryId } = JSON.parse(Buffer.from(appMetadata).toString('utf8')) as { readonly queryId?: unknown };
    return typeof queryId === 'string' ? queryId : undefined;
  } catch {
    return undefined; // the FlightInfo of another server, or of no query
  }
}
