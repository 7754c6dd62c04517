import path from 'node:path';
import type { CommandContext } from './context.ts';

export async function parseCommand(context: CommandContext): Promise<number> {
  const parsed = context.parse();
  const { timings, manifest } = parsed;
  const counts = new Map<string, number>();
  for (const id in manifest.nodes) {
    const type = manifest.nodes[id]?.resource_type ?? '';
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  context.log.fire({
    name: 'ParsePerfInfoPath',
    code: 'I010',
    level: 'info',
    msg: `Parsed ${counts.get('model') ?? 0} models, ${counts.get('test') ?? 0} tests, ${Object.keys(manifest.sources).length} sources and ${Object.keys(manifest.macros).length} macros in ${timings.total.toFixed(2)}s: ${path.join(context.targetPath(parsed), 'manifest.json')}`,
  });
  const { cycle } = parsed.graph;
  if (cycle !== undefined)
    context.log.fire({
      name: 'Note',
      code: 'Z050',
      level: 'warn',
      msg: `[WARNING]: ${cycle.message}; nothing of this project can be run`,
    });
  return 0;
}
