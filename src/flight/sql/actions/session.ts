import { toDuckhouseError } from '../../../errors.ts';
import type { CallContext } from '../../calls/context.ts';
import { queryOptions } from '../../calls/query.ts';
import { encodeStatusResult } from '../../proto/messages.ts';
import {
  closeSessionStatus,
  decodeSessionOptions,
  encodeOptionErrors,
  encodeSessionOptions,
  type SessionOptionValue,
  sessionOptionErrors,
} from '../../proto/session-messages.ts';
import type { ProtocolAction } from '../../protocol-action.ts';

export const sessionActions: readonly ProtocolAction[] = [
  {
    type: 'SetSessionOptions',
    description: 'Sets options of the session. Request: SetSessionOptionsRequest; result: SetSessionOptionsResult',
    run: async (context, body) => [encodeOptionErrors(await setOptions(context, decodeSessionOptions(body)))],
  },
  {
    type: 'GetSessionOptions',
    description: 'Options of the session. Request: GetSessionOptionsRequest; result: GetSessionOptionsResult',
    async run(context) {
      const options = context.presentSession()?.options();
      const fresh = new Map([
        ['catalog', context.lakehouse.catalog],
        ['schema', 'main'],
      ]);
      return [encodeSessionOptions(options ?? fresh)];
    },
  },
  {
    type: 'CloseSession',
    description: 'Ends the session. Request: CloseSessionRequest; result: CloseSessionResult',
    async run(context) {
      await context.endSession();
      return [encodeStatusResult(closeSessionStatus.closed)];
    },
  },
];

/** What was refused, and why. The catalog comes first: a schema is one of it. */
async function setOptions(
  context: CallContext,
  options: ReadonlyMap<string, SessionOptionValue>,
): Promise<ReadonlyMap<string, number>> {
  const errors = new Map<string, number>();
  const ordered = [...options].toSorted(([a], [b]) => Number(b === 'catalog') - Number(a === 'catalog'));
  for (const [name, value] of ordered) {
    try {
      await context.session().setOption(name, value, queryOptions(context));
    } catch (error) {
      errors.set(name, reasonOf(error));
    }
  }
  return errors;
}

function reasonOf(error: unknown): number {
  const { id, kind } = toDuckhouseError(error);
  if (id === 'option-name') return sessionOptionErrors.invalidName;
  const invalid = kind === 'InvalidArgument' || kind === 'NotFound' || kind === 'DataInvalid' || kind === 'Unsupported';
  return invalid ? sessionOptionErrors.invalidValue : sessionOptionErrors.error;
}
