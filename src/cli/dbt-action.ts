import { realpathSync } from 'node:fs';
import path from 'node:path';
import { loadDbtThread } from '../dbt/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { FlightAction } from '../flight/index.ts';

export const dbtActionType = 'dbt';

/** What a client sends to have dbt run in the server. */
export interface DbtActionBody {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly projectDir: string;
  readonly language: 'en' | 'fr';
}

/** What it gets: texts to write, at last the exit code, or that the project's database is another one. */
export type DbtActionResult = { readonly text: string } | { readonly code: number | 'elsewhere' };

export interface DbtActionHost {
  readonly workspace: string;
  readonly version: string;
}

/** `duckhouse dbt ...` inside the server: a thread of its own for each, on the server's database. */
export const dbtAction = ({ workspace, version }: DbtActionHost): FlightAction => ({
  type: dbtActionType,
  description: 'Runs a command of dbt on a project of the workspace. Body: {"argv": ["build"], "projectDir": "..."}',
  role: 'admin',
  parameters: ['argv', 'env', 'cwd', 'projectDir', 'language'],
  required: ['argv', 'projectDir'],
  run: () => Promise.reject(new DuckhouseError('Internal', 'the action answers with a stream')),
  async *stream(body, { lakehouse, signal }) {
    const { argv, env, cwd, projectDir, language } = checkBody(body);
    const project = insideOf(workspace, projectDir);
    const { runDbtThread } = await loadDbtThread();
    const messages = runDbtThread({
      engine: lakehouse.engine,
      signal,
      argv,
      env,
      cwd: cwd ?? project,
      workspace,
      projectDir: project,
      language: language === 'fr' ? 'fr' : 'en',
      version,
    });
    for await (const message of messages) {
      if (message.type === 'write') yield { text: message.text } satisfies DbtActionResult;
      else if (message.type === 'done') yield { code: message.code } satisfies DbtActionResult;
    }
  },
});

const wrong = (message: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { id: 'action-body', context: { what: message } });

interface CheckedBody {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly projectDir: string;
  readonly language: unknown;
}

function checkBody(body: Readonly<Record<string, unknown>>): CheckedBody {
  const { argv, env = {}, cwd, projectDir, language } = body;
  if (!Array.isArray(argv) || !argv.every((word) => typeof word === 'string'))
    throw wrong('"argv" must be a list of texts');
  if (typeof projectDir !== 'string') throw wrong('"projectDir" must be a text');
  if (cwd !== undefined && typeof cwd !== 'string') throw wrong('"cwd" must be a text');
  if (env === null || typeof env !== 'object' || !Object.values(env).every((value) => typeof value === 'string'))
    throw wrong('"env" must be a mapping of texts');
  return { argv, env: env as Readonly<Record<string, string>>, cwd, projectDir, language };
}

/** The real folder, which must be the workspace or lie in it. */
function insideOf(workspace: string, folder: string): string {
  const real = (name: string): string => {
    try {
      return realpathSync(name);
    } catch (cause) {
      throw new DuckhouseError('NotFound', `no folder ${name}`, { context: { path: name }, cause });
    }
  };
  const inside = path.relative(real(workspace), real(folder));
  if (inside.startsWith('..') || path.isAbsolute(inside))
    throw new DuckhouseError('PermissionDenied', `${folder} is not in the workspace of the server`, {
      id: 'dbt-outside',
      context: { path: folder },
    });
  return real(folder);
}
