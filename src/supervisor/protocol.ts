/** Messages between supervisor and server process over their IPC channel. Sockets travel with `connection`. */
export type ToChild =
  | { readonly type: 'start'; readonly options: unknown }
  | { readonly type: 'connection'; readonly kind: 'flight' | 'http' }
  | { readonly type: 'interrupt' }
  | { readonly type: 'drain'; readonly ms: number };

export type FromChild =
  | { readonly type: 'ready' }
  /** It cannot start, and would not the next time either. */
  | { readonly type: 'failed'; readonly message: string; readonly id?: string | undefined; readonly hint?: string | undefined; readonly context?: object | undefined }
  | { readonly type: 'drained' };
