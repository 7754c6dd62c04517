import { DuckhouseError } from '../../../errors.ts';
import { unpackAny } from '../../proto/sql-messages.ts';

/** The message of a Flight SQL action, out of its Any. InvalidArgument when it is another. */
export function requestOf(body: Uint8Array, name: string): Uint8Array {
  const message = unpackAny(body);
  if (message?.name === name) return message.value;
  throw new DuckhouseError(
    'InvalidArgument',
    `the body of the action must be ${name} in a google.protobuf.Any${message === undefined ? '' : `, not ${message.name}`}`,
    { id: 'action-body', context: { what: name } },
  );
}
