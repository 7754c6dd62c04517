import type { ProtocolAction } from '../../protocol-action.ts';
import { refuseSubstrait } from '../commands/substrait.ts';

export const substraitActions: readonly ProtocolAction[] = [
  {
    type: 'CreatePreparedSubstraitPlan',
    description: 'Substrait plans are not supported',
    refused: true,
    run: refuseSubstrait,
  },
];
