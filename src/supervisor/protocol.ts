import type { ErrorKind } from '../errors.ts';

export type ConnectionKind = 'flight' | 'http';

/** Messages between supervisor and server process over their IPC channel. Sockets travel with `connection`. */
export type ToChild =
  | { readonly type: 'start'; readonly options: unknown }
  | { readonly type: 'connection'; readonly kind: ConnectionKind; readonly id: number }
  /** Memory is short: end the statement that most likely holds it. */
  | { readonly type: 'interrupt' }
  /** Take no new work and end when what runs has finished, after `ms` at the latest. */
  | { readonly type: 'drain'; readonly ms: number };

export type FromChild =
  | { readonly type: 'ready' }
  /** It cannot start. */
  | {
      readonly type: 'failed';
      readonly kind: ErrorKind;
      readonly message: string;
      readonly id?: string | undefined;
      readonly hint?: string | undefined;
      readonly context?: object | undefined;
    }
  /** The connection is its own now; said before the first byte is read from it. */
  | { readonly type: 'taken'; readonly id: number }
  /** Its resident bytes, said regularly where the supervisor cannot see them. */
  | { readonly type: 'resident'; readonly bytes: number };
