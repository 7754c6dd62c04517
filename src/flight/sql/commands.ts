import { DuckhouseError } from '../../errors.ts';
import type { SqlMessage } from '../proto/sql-messages.ts';
import type { SqlCommand, SqlCommands } from './command.ts';
import { catalogCommands } from './commands/catalogs.ts';
import { ingestCommands } from './commands/ingest.ts';
import { keyCommands } from './commands/keys.ts';
import { preparedStatementCommands } from './commands/prepared-statement.ts';
import { sqlInfoCommands } from './commands/sql-info.ts';
import { statementCommands } from './commands/statement.ts';
import { substraitCommands } from './commands/substrait.ts';
import { xdbcCommands } from './commands/xdbc-type-info.ts';

/** Every Flight SQL message that commands and tickets may carry. */
const commands: SqlCommands = {
  ...statementCommands,
  ...preparedStatementCommands,
  ...ingestCommands,
  ...catalogCommands,
  ...keyCommands,
  ...sqlInfoCommands,
  ...xdbcCommands,
  ...substraitCommands,
};

/** The handler of a message in a call; Unsupported, naming the message, when there is none. */
export function openCommand<Call extends keyof SqlCommand>(
  { name }: SqlMessage,
  call: Call,
): NonNullable<SqlCommand[Call]> {
  const handler = Object.hasOwn(commands, name) ? commands[name]?.[call] : undefined;
  if (handler !== undefined) return handler;
  throw new DuckhouseError('Unsupported', `Flight SQL message ${name} is not supported ${places[call]}`, {
    id: 'command-unsupported',
    context: { command: name },
  });
}

const places: Readonly<Record<keyof SqlCommand, string>> = {
  info: 'in GetFlightInfo',
  schema: 'in GetSchema',
  get: 'in DoGet',
  put: 'in DoPut',
};
