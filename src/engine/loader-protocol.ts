import type { ArrowSchema } from '../arrow/index.ts';
import type { Address } from './native/memory.ts';
import type { ErrorMessage } from './protocol.ts';

/** Messages between the main thread and a loader thread; `id` names the load. */
export interface LoaderData {
  readonly libraryPath: string;
  /** Int32: counts the messages to the thread, which may wait for the next one in the middle of a callback. */
  readonly bell: SharedArrayBuffer;
  /** Of a `DataClock`. */
  readonly clock: SharedArrayBuffer;
  /** Where its thread says when it must not be ended, if that may happen. */
  readonly handles?: SharedArrayBuffer | undefined;
}

export type LoaderRequest =
  | {
      readonly op: 'open';
      readonly id: number;
      readonly connection: Address;
      readonly schema: Uint8Array;
      readonly source: string;
    }
  | { readonly op: 'statement'; readonly id: number; readonly sql: string }
  /** `body` lies in shared memory that is the loader's until it is released. */
  | {
      readonly op: 'write';
      readonly id: number;
      readonly message: number;
      readonly metadata: Uint8Array;
      readonly body: Uint8Array;
    }
  | { readonly op: 'finish'; readonly id: number }
  | { readonly op: 'abort'; readonly id: number };

export type LoaderReply =
  | { readonly type: 'opened'; readonly id: number; readonly schema: ArrowSchema }
  | { readonly type: 'released'; readonly id: number; readonly messages: readonly number[] }
  | { readonly type: 'finished'; readonly id: number; readonly rows: number; readonly bytes: number }
  | { readonly type: 'closed'; readonly id: number }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorMessage };
