import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { switchArg } from '../args.ts';
import type { CommandContext } from './context.ts';

/** Writes a small project that builds, beside a profile for a DuckDB file. */
export async function initCommand({ args, log, host }: CommandContext): Promise<number> {
  const name = args.words[0] ?? 'my_project';
  if (!/^[^\d\W]\w*$/.test(name))
    throw new DuckhouseError(
      'InvalidArgument',
      `'${name}' is no name of a project: letters, digits and underscores, not a digit first`,
    );
  const folder = path.resolve(host.cwd, name);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new DuckhouseError('AlreadyExists', `${folder} is there already, and not empty`, {
      context: { path: folder },
    });
  const files = {
    ...starter(name),
    ...(switchArg(args, 'skip_profile_setup') ? {} : { 'profiles.yml': profile(name) }),
  };
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  log.fire({
    name: 'ProjectCreated',
    code: 'A031',
    level: 'info',
    msg: `Your new dbt project "${name}" is in ${folder}. Build it: cd ${name} && duckhouse dbt build`,
  });
  return 0;
}

const profile = (name: string): string => `${name}:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: ${name}.duckdb
      threads: 4
`;

const starter = (name: string): Record<string, string> => ({
  'dbt_project.yml': `name: ${name}
version: '1.0.0'
profile: ${name}

models:
  ${name}:
    +materialized: view
`,
  '.gitignore': 'target/\ndbt_packages/\nlogs/\n*.duckdb\n',
  'seeds/numbers.csv': 'id,name\n1,one\n2,two\n3,three\n',
  'models/numbers_doubled.sql': `select id, name, id * 2 as doubled\nfrom {{ ref('numbers') }}\n`,
  'models/models.yml': `models:
  - name: numbers_doubled
    description: Every number and its double.
    columns:
      - name: id
        data_tests: [unique, not_null]
`,
});
