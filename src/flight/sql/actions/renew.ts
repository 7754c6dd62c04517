import { DuckhouseError } from '../../../errors.ts';
import { decodeRenewRequest, encodeEndpoint } from '../../proto/messages.ts';
import { decodeStatementTicket, unpackAny } from '../../proto/sql-messages.ts';
import type { ProtocolAction } from '../../protocol-action.ts';

export const renewActions: readonly ProtocolAction[] = [
  {
    type: 'RenewFlightEndpoint',
    description: 'Keeps a result longer. Request: RenewFlightEndpointRequest; result: FlightEndpoint',
    async run({ tickets, principal }, body) {
      const endpoint = decodeRenewRequest(body);
      const message = unpackAny(endpoint.ticket);
      if (message?.name !== 'TicketStatementQuery')
        throw new DuckhouseError('InvalidArgument', 'only the result of a statement can be renewed', {
          id: 'ticket-not-renewable',
        });
      const expirationTime = tickets.renew(decodeStatementTicket(message.value), principal.name);
      return [encodeEndpoint({ ...endpoint, expirationTime })];
    },
  },
];
