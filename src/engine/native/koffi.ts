import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import type Koffi from 'koffi';
import { handlesIn } from './handles.ts';

const data = workerData as { readonly handles?: SharedArrayBuffer } | null | undefined;
const gate = data?.handles === undefined ? undefined : handlesIn(data.handles).gate;

/**
 * Work that ends the process if its thread is ended meanwhile, as the native library cannot say then what went wrong:
 * who ends threads waits for it (`closeGate`).
 */
export function uninterrupted<T>(work: () => T): T {
  if (gate === undefined) return work();
  Atomics.add(gate, 0, 1);
  try {
    if (Atomics.load(gate, 1) === 0) return work();
  } finally {
    Atomics.sub(gate, 0, 1);
  }
  // The thread is about to be ended.
  Atomics.wait(gate, 1, 1);
  throw new Error('the thread is being ended');
}

/** The foreign-function library, loaded here and nowhere else. */
export const koffi = uninterrupted(() => createRequire(import.meta.url)('koffi') as typeof Koffi);
