import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { writeManifest } from '../../src/dbt/parse/manifest.ts';
import { ParseMemo } from '../../src/dbt/parse/memo.ts';
import { parseProject } from '../../src/dbt/parse/parse-project.ts';
import type { ParseFlags, ParseWarning } from '../../src/dbt/project-types.ts';

/** Everything a parse says and makes, without ids and times. */
function outcome(folder: string, flags: Partial<ParseFlags>, memo?: ParseMemo): string {
  const told: (ParseWarning | string)[] = [];
  const sink = {
    warn: (warning: ParseWarning) => void told.push(warning),
    log: (level: string, message: string) => void told.push(`${level} ${message}`),
    print: (message: string) => void told.push(message),
  };
  try {
    const parsed = parseProject({ projectDir: folder, env: {}, flags: {}, ...flags }, sink, memo);
    const target = path.join(folder, 'target');
    const text = readFileSync(writeManifest(parsed.manifest, target), 'utf8');
    assert.doesNotThrow(() => JSON.parse(text));
    if (memo !== undefined) {
      const kept = memo.last.keptOf(parsed.manifest);
      assert.ok(kept !== undefined);
      const known = writeManifest(kept, target, { texts: memo.texts, isKept: true });
      assert.equal(readFileSync(known, 'utf8'), text, 'what is kept is what was handed out');
    }
    const { graph } = parsed;
    return JSON.stringify([plain(text), told, graph.order, [...graph.parents], [...graph.children]], null, 1);
  } catch (error) {
    return `${String(error)} ${JSON.stringify(told)}`;
  }
}

const plain = (text: string): string =>
  text.replace(
    /"(created_at|invocation_id|generated_at|run_started_at|invocation_started_at)":("[^"]*"|[\d.]+)/g,
    '"$1":0',
  );

export interface Rig {
  readonly folder: string;
  /** Whether the project can be parsed. */
  readonly check: (what: string, flags?: Partial<ParseFlags>) => boolean;
}

/** A project and its memo; kept values are frozen, so whoever changes one fails. */
export function rig(folder: string): Rig {
  const memo = new ParseMemo({ freeze: true });
  const check = (what: string, flags: Partial<ParseFlags> = {}): boolean => {
    const warm = outcome(folder, flags, memo);
    assert.equal(warm, outcome(folder, flags), what);
    return warm.startsWith('[');
  };
  check('the first parse');
  check('nothing changed');
  return { folder, check };
}
