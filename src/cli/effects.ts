import type { Readable, Writable } from 'node:stream';
import type { Config } from '../config/index.ts';
import { createTranslator, type Translator } from '../messages/index.ts';
import { printable } from './printable.ts';

/** What a command may touch of the world outside its workspace. */
export interface Effects {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface CommandContext extends Effects {
  readonly config: Config;
  readonly translator: Translator;
}

export const commandContext = (config: Config, effects: Effects): CommandContext => ({
  ...effects,
  config,
  translator: createTranslator(config.lang),
});

/** Writes and waits until there is room for more; a reader that has gone away ends the command quietly. */
export function write(stream: Writable, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

/** A line for people, on standard error. */
export const note = (context: Effects, text: string): Promise<void> => write(context.stderr, `${printable(text)}\n`);
