import type { CallContext } from './calls/context.ts';
import type { ActionType } from './proto/messages.ts';

/** An action whose body and results are protocol buffers: those of Flight and Flight SQL. */
export interface ProtocolAction extends ActionType {
  /** `body` as it came; each of the results becomes one Result. */
  /** It only says why it is not supported: ListActions leaves it out. */
  readonly refused?: true;
  readonly run: (context: CallContext, body: Uint8Array) => Promise<readonly Uint8Array[]>;
}
