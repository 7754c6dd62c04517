import { readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../../..');

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** The instructions of each stage of the Dockerfile, continued lines joined. */
export function readStages(): readonly (readonly Instruction[])[] {
  const lines = readFileSync(path.join(root, 'Dockerfile'), 'utf8')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const match = /^([A-Z]+) +(.*)$/.exec(line);
    if (match === null) continue;
    if (match[1] === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name: match[1] as string, value: match[2] as string });
  }
  return stages;
}

export const valuesOf = (stage: readonly Instruction[], name: string): string[] =>
  stage.filter((instruction) => instruction.name === name).map(({ value }) => value);
