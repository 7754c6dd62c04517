import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ReadStream } from 'node:tty';
import { DuckhouseError } from '../errors.ts';
import { type CommandContext, write } from './effects.ts';

/** A password from the terminal, where it is not shown, or the first line of standard input. Never from the command line. */
export async function readPassword(context: CommandContext, prompt: string): Promise<string> {
  const { stdin } = context;
  const password = stdin.isTTY === true ? await readHidden(context, prompt) : await readLine(context);
  if (password !== '') return password;
  throw new DuckhouseError('InvalidArgument', 'no password was given', {
    id: 'password-missing',
    hint: 'type it, or send it to standard input',
  });
}

async function readLine({ stdin, signal }: CommandContext): Promise<string> {
  return (await text(addAbortSignal(signal, stdin))).split(/\r?\n/)[0] ?? '';
}

const enter = /[\r\n]/;
const erase = new Set(['\b', '\x7f']);

async function readHidden(context: CommandContext, prompt: string): Promise<string> {
  const terminal = context.stdin as ReadStream;
  await write(context.stderr, `${prompt} `);
  terminal.setRawMode(true);
  try {
    const typed: string[] = [];
    for await (const chunk of terminal.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      for (const character of String(chunk)) {
        if (enter.test(character)) return typed.join('');
        if (character === '\x03') throw new DuckhouseError('Cancelled', 'cancelled', { id: 'cancelled' });
        if (erase.has(character)) typed.pop();
        else typed.push(character);
      }
    }
    return typed.join('');
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
    await write(context.stderr, '\n');
  }
}
