import { realpathSync } from 'node:fs';
import { checkWithin, type DbtThreads, loadDbtThreads, type ThreadRun } from '../dbt/index.ts';
import type { Engine } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { FlightAction } from '../flight/index.ts';
import { dbtActionType } from './dbt-body.ts';

export interface DbtActionHost {
  readonly engine: Engine;
  readonly workspace: string;
  readonly version: string;
  readonly tableFolders: readonly string[];
}

export interface DbtActionParts {
  readonly action: FlightAction;
  readonly close: () => Promise<void>;
}

/** Commands that work on a project as it is; the others change its files, and belong to who has them. */
const servedCommands: ReadonlySet<string> = new Set(
  'build run test seed snapshot compile show clone run-operation retry debug lineage source docs parse ls list'.split(
    ' ',
  ),
);

/** `duckhouse dbt ...` inside the server, in threads of its own, on the server's database. */
export function dbtAction({ workspace, ...options }: DbtActionHost): DbtActionParts {
  // Loaded with the server: the package may have been replaced by another when dbt is first asked for.
  const host = loadDbtThreads();
  host.catch(() => undefined); // told to whoever asks for it
  let threads: Promise<DbtThreads> | undefined;
  const openThreads = async (): Promise<DbtThreads> => (await host).createDbtThreads(options);
  const action: FlightAction = {
    type: dbtActionType,
    description: 'Runs a command of dbt on a project of the workspace. Body: {"argv": ["build"], "projectDir": "..."}',
    role: 'writer',
    parameters: ['argv', 'env', 'envNames', 'cwd', 'projectDir', 'language'],
    required: ['argv', 'projectDir'],
    run: () => Promise.reject(new DuckhouseError('Internal', 'the action answers with a stream')),
    async *stream(body, { signal, principal }) {
      const { argv, env, envNames, cwd, projectDir, language } = checkBody(body);
      const project = insideOf(workspace, projectDir);
      checkCommand(argv);
      threads ??= openThreads();
      const run: ThreadRun = {
        argv,
        env,
        envNames,
        cwd: cwd ?? project,
        workspace,
        projectDir: project,
        language: language === 'fr' ? 'fr' : 'en',
        principal,
      };
      yield* (await threads).run(run, signal);
    },
  };
  return { action, close: async () => (await threads)?.close() };
}

function checkCommand(argv: readonly string[]): void {
  const command = argv.find((word) => !word.startsWith('-')) ?? '';
  const isServing = command === 'docs' && argv.includes('serve');
  if (servedCommands.has(command) && !isServing) return;
  throw new DuckhouseError('Unsupported', `dbt ${command} does not run in the server`, {
    id: 'dbt-command',
    context: { command },
  });
}

const wrong = (message: string): DuckhouseError =>
  new DuckhouseError('InvalidArgument', message, { id: 'action-body', context: { what: message } });

interface CheckedBody {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly envNames: readonly string[];
  readonly cwd: string | undefined;
  readonly projectDir: string;
  readonly language: unknown;
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function checkBody(body: Readonly<Record<string, unknown>>): CheckedBody {
  const { argv, env = {}, envNames = [], cwd, projectDir, language } = body;
  if (!isTexts(argv)) throw wrong('"argv" must be a list of texts');
  if (!isTexts(envNames)) throw wrong('"envNames" must be a list of texts');
  if (typeof projectDir !== 'string') throw wrong('"projectDir" must be a text');
  if (cwd !== undefined && typeof cwd !== 'string') throw wrong('"cwd" must be a text');
  if (env === null || typeof env !== 'object' || !Object.values(env).every((value) => typeof value === 'string'))
    throw wrong('"env" must be a mapping of texts');
  return { argv, env: env as Readonly<Record<string, string>>, envNames, cwd, projectDir, language };
}

/** The real folder, which must be the workspace or lie in it; whether there is one elsewhere is not told. */
function insideOf(workspace: string, folder: string): string {
  checkWithin(workspace, folder);
  try {
    return realpathSync(folder);
  } catch (cause) {
    throw new DuckhouseError('NotFound', `no folder ${folder}`, { context: { path: folder }, cause });
  }
}
