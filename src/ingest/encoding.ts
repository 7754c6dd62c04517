import { isUtf8 } from 'node:buffer';
import { DuckhouseError } from '../errors.ts';
import { foreignByStart } from './foreign.ts';

/** Other names of encodings than those TextDecoder knows, and how they are shown. */
const aliases: Readonly<Record<string, string>> = {
  'latin-1': 'windows-1252',
  'utf-16': 'utf-16le',
  cp1252: 'windows-1252',
  cp1250: 'windows-1250',
  cp1251: 'windows-1251',
  'latin-9': 'iso-8859-15',
};

/** The name TextDecoder has for it. InvalidArgument when it knows none. */
function decoderName(encoding: string): string {
  const name = aliases[encoding.toLowerCase()] ?? encoding;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    throw new DuckhouseError('InvalidArgument', `unknown encoding "${encoding}"`, {
      id: 'encoding-unknown',
      context: { encoding },
      hint: 'utf-8, utf-16, latin-1, or another name that browsers know, such as windows-1250 or shift_jis',
    });
  }
}

export interface FoundEncoding {
  /** For people. */
  readonly shown: string;
  /** TextDecoder's. */
  readonly decoder: string;
}

const utf16 = (order: 'le' | 'be'): FoundEncoding => ({ shown: 'utf-16', decoder: `utf-16${order}` });
const utf8: FoundEncoding = { shown: 'utf-8', decoder: 'utf-8' };
/** What the web means by latin-1: its superset, with the euro sign and the quotation marks. */
const latin1: FoundEncoding = { shown: 'latin-1', decoder: 'windows-1252' };

/** By byte order mark, else by what the bytes look like. A NUL byte in what is no UTF-16 means that it is no text. */
export function sniffEncoding(file: string, head: Buffer): FoundEncoding {
  if (head[0] === 0xff && head[1] === 0xfe) return utf16('le');
  if (head[0] === 0xfe && head[1] === 0xff) return utf16('be');
  const foreign = foreignByStart(file, head);
  if (foreign !== undefined) throw foreign;
  const position = head.indexOf(0);
  if (position < 0) return isUtf8Start(head) ? utf8 : latin1;
  const order = byteOrder(head);
  if (order !== undefined) return utf16(order);
  throw new DuckhouseError('DataInvalid', `${file} is no text: byte ${position} is NUL`, {
    id: 'file-binary',
    context: { file, position },
    hint: 'is it another format? see --file-format',
  });
}

/** The encoding that was asked for; UTF-16 without byte order is told by the mark. */
export function givenEncoding(encoding: string, head: Buffer): FoundEncoding {
  const decoder = decoderName(encoding);
  const bigEndian = decoder === 'utf-16le' && head[0] === 0xfe && head[1] === 0xff;
  return { shown: encoding.toLowerCase(), decoder: bigEndian ? 'utf-16be' : decoder };
}

/** The head may end inside a character. */
const isUtf8Start = (head: Buffer): boolean => [0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, head.length - cut)));

/** Text of Latin letters has a NUL in every second byte, and in hardly any other. */
function byteOrder(head: Buffer): 'le' | 'be' | undefined {
  const pairs = Math.floor(head.length / 2);
  let even = 0;
  let odd = 0;
  for (let i = 0; i < pairs; i++) {
    if (head[2 * i] === 0) even++;
    if (head[2 * i + 1] === 0) odd++;
  }
  if (pairs < 4) return undefined;
  if (odd > 0.7 * pairs && even === 0) return 'le';
  return even > 0.7 * pairs && odd === 0 ? 'be' : undefined;
}
