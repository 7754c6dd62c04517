import { packageVersion } from '../config/index.ts';
import { openEngine } from '../engine/index.ts';
import { type CommandContext, write } from './effects.ts';

export async function versionCommand({ stdout }: CommandContext, { json }: { readonly json: boolean }): Promise<void> {
  const engine = await openEngine({ database: ':memory:' });
  await engine.close();
  const versions = { duckhouse: packageVersion(), duckdb: engine.duckdbVersion, node: process.version };
  await write(
    stdout,
    json
      ? `${JSON.stringify(versions)}\n`
      : Object.entries(versions)
          .map(([name, version]) => `${name} ${version}\n`)
          .join(''),
  );
}
