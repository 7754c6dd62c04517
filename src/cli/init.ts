import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../errors.ts';
import { type CommandContext, note, write } from './effects.ts';

const files: Readonly<Record<string, string>> = {
  'duckhouse.yaml': `# DuckHouse workspace. A flag wins over the environment, .env and this file;
# "duckhouse config show --origin" tells where each value comes from.
#
# flight:
#   port: 8815
#   putMode: create_append   # what a load into an existing table does: create, append, replace, create_append
# http:
#   port: 8080
# database: .duckhouse/warehouse.duckdb
`,
  '.env.example': `# Copy to .env. Secrets belong here, not into duckhouse.yaml.
# DUCKHOUSE_USERNAME=admin
# DUCKHOUSE_PASSWORD=
# FLIGHT_SERVER_PORT=8815
`,
  '.gitignore': '.duckhouse/\n.env\n',
  'config/dbt_profiles.yml': `workspace:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: ../../.duckhouse/warehouse.duckdb
      threads: 4
`,
  'transform/dbt_project/dbt_project.yml': `name: workspace
version: '1.0'
profile: workspace
model-paths: [models]
`,
  'transform/dbt_project/models/.gitkeep': '',
  'ingestion/data/.gitkeep': '',
  'dashboards/.gitkeep': '',
};

/** `duckhouse init`: a workspace's folders and commented files. A folder with something in it is refused unless forced; no file is overwritten. */
export async function initCommand(
  context: CommandContext,
  { folder, force, json }: { readonly folder: string; readonly force: boolean; readonly json: boolean },
): Promise<void> {
  const root = path.resolve(folder);
  if (!force && existsSync(root) && readdirSync(root).length > 0) {
    throw new DuckhouseError('InvalidArgument', `folder ${root} is not empty`, {
      id: 'folder-not-empty',
      context: { folder: root },
      hint: '--force adds what is missing',
    });
  }
  const missing = Object.entries(files).filter(([name]) => !existsSync(path.join(root, name)));
  for (const [name, text] of missing) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (json) {
    const made = { workspace: root, files: missing.map(([name]) => name) };
    return write(context.stdout, `${JSON.stringify(made)}\n`);
  }
  await note(context, context.translator.t('init.done', { folder: root }));
  await note(context, context.translator.t('init.next'));
}
