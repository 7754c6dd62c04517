/** Unpacks a gzipped tar archive into a folder; nothing in it can be written elsewhere. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckhouseError } from '../../errors.ts';

const block = 512;

/** The names of the archive's top-level folders and files. */
export function unpackTarball(bytes: Uint8Array, folder: string): string[] {
  const data = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : Buffer.from(bytes);
  const tops = new Set<string>();
  let longName: string | undefined;
  for (let at = 0; at + block <= data.length; ) {
    const header = data.subarray(at, at + block);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(textAt(header, 124, 12).trim() || '0', 8);
    const type = String.fromCharCode(header[156] ?? 48);
    const body = data.subarray(at + block, at + block + size);
    at += block + Math.ceil(size / block) * block;
    if (type === 'L') longName = body.toString('utf8').replace(/\0.*$/s, '');
    else if (type === 'x') longName = paxPath(body.toString('utf8')) ?? longName;
    else if (type !== 'g') {
      const name = longName ?? fullName(header);
      longName = undefined;
      const top = write(folder, name, { type, body });
      if (top !== undefined) tops.add(top);
    }
  }
  return [...tops];
}

const textAt = (header: Buffer, from: number, length: number): string =>
  header
    .subarray(from, from + length)
    .toString('utf8')
    .replace(/\0.*$/s, '');

function fullName(header: Buffer): string {
  const name = textAt(header, 0, 100);
  const prefix = textAt(header, 257, 5) === 'ustar' ? textAt(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

const paxPath = (text: string): string | undefined => /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text)?.[1];

function write(
  folder: string,
  name: string,
  { type, body }: { readonly type: string; readonly body: Buffer },
): string | undefined {
  const parts = path.posix
    .normalize(name)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..'))
    throw new DuckhouseError('DataInvalid', `the archive holds '${name}', which would be written outside its folder`, {
      context: { name },
    });
  const target = path.join(folder, ...parts);
  if (type === '5') mkdirSync(target, { recursive: true });
  else if (type === '0' || type === '\0') {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, body);
  }
  return parts[0];
}
