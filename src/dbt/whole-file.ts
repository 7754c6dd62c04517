import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export type PutPiece = (piece: string | Buffer) => void;

/**
 * Writes a file that nobody sees half of, however many write it at the same time: the last one stays. It takes the
 * place of what is there, which may be a link to elsewhere.
 */
export function writeWhole(file: string, content: string | ((put: PutPiece) => void)): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  try {
    writePieces(draft, content);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function writePieces(file: string, content: string | ((put: PutPiece) => void)): void {
  const handle = openSync(file, 'wx');
  try {
    const put: PutPiece = (piece) => writeFileSync(handle, piece);
    if (typeof content === 'string') put(content);
    else content(put);
  } finally {
    closeSync(handle);
  }
}
