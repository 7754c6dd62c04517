import { DuckhouseError } from '../../../errors.ts';
import type { SqlCommands } from '../command.ts';

export const refuseSubstrait = async (): Promise<never> => {
  throw new DuckhouseError('Unsupported', 'Substrait plans are not supported', {
    id: 'substrait-unsupported',
    hint: 'send SQL text: with ADBC a str, not bytes',
  });
};

export const substraitCommands: SqlCommands = {
  CommandStatementSubstraitPlan: { info: refuseSubstrait, schema: refuseSubstrait, put: refuseSubstrait },
};
