/** Loads the root project, its profile and the packages it has installed. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckhouseError } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import type { DbtProfile, DbtProject, ParseFlags } from '../project-types.ts';
import { checkWithin } from '../within.ts';
import { catalogsFile, checkCatalogs } from './catalogs.ts';
import { checkInstalled, installedFolders, lockName } from './installed.ts';
import { readProfile } from './profile.ts';
import { buildProject, type ProjectText, type RenderYaml, readProjectText } from './project.ts';
import { earlyRenderer, readYaml, renderAll } from './render.ts';

export interface LoadedProjects {
  readonly root: DbtProject;
  readonly profile: DbtProfile;
  /** Root first, installed packages, then the built-in ones. */
  readonly projects: ReadonlyMap<string, DbtProject>;
  readonly texts: ReadonlyMap<string, ProjectText>;
}

export interface Invocation {
  readonly invocationId: string;
  readonly runStartedAt: Date;
}

const selectorsFile = 'selectors.yml';
const projectFiles = [
  'dbt_project.yml',
  'vars.yml',
  'packages.yml',
  'dependencies.yml',
  selectorsFile,
  catalogsFile,
] as const;

export function loadRoot(
  flags: ParseFlags,
  invocation: Invocation,
): { readonly root: DbtProject; readonly profile: DbtProfile; readonly text: ProjectText } {
  for (const name of projectFiles) checkWithin(flags.within, path.join(flags.projectDir, name));
  const text = readProjectText(flags.projectDir, readYaml);
  const early = { env: flags.env, vars: flags.vars ?? {}, flags: flags.flags ?? {}, ...invocation };
  const secret = earlyRenderer({ ...early, secrets: true }, 'profiles.yml');
  const name = flags.profile ?? (typeof text.raw.profile === 'string' ? String(secret(text.raw.profile)) : undefined);
  const profile = readProfile(
    {
      projectDir: flags.projectDir,
      cwd: flags.cwd ?? flags.projectDir,
      home: flags.env.HOME ?? flags.env.USERPROFILE,
      env: flags.env,
      profilesDir: flags.profilesDir,
      workspace: flags.workspace,
      profile: name,
      target: flags.target ?? undefined,
      threads: flags.threads,
      within: flags.within,
    },
    readYaml,
    secret,
  );
  const vars = { ...text.fileVars, ...early.vars };
  const rendererOf = (file: string) => earlyRenderer({ ...early, vars, secrets: false, profile }, file);
  const root = buildProject(text, rendererOf('dbt_project.yml'), flags);
  return { root: { ...root, selectors: readSelectorFile(root, rendererOf(selectorsFile)) }, profile, text };
}

function readSelectorFile({ root }: DbtProject, render: RenderYaml): unknown {
  const file = path.join(root, selectorsFile);
  return existsSync(file) ? renderAll(readYaml(readFileSync(file, 'utf8'), file), render) : null;
}

export function loadProjects(flags: ParseFlags, invocation: Invocation): LoadedProjects {
  const { root, profile, text } = loadRoot(flags, invocation);
  checkCatalogs(flags.projectDir);
  const projects = new Map([[root.name, root]]);
  const texts = new Map([[root.name, text]]);
  const early = {
    env: flags.env,
    vars: flags.vars ?? {},
    flags: flags.flags ?? {},
    secrets: false,
    profile,
    ...invocation,
  };
  const folders = installedFolders(root);
  for (const folder of folders) checkWithin(flags.within, path.join(folder, 'dbt_project.yml'));
  checkWithin(flags.within, path.join(root.root, lockName));
  checkInstalled(root, folders);
  for (const folder of folders) {
    const source = readProjectText(folder, readYaml, { varsFile: false });
    const project = buildProject(source, earlyRenderer(early, path.join(folder, 'dbt_project.yml')));
    const other = projects.get(project.name);
    if (other !== undefined)
      throw new DuckhouseError(
        'AlreadyExists',
        `two packages are named '${project.name}': ${other.root} and ${folder}`,
        {
          context: { name: project.name, path: folder },
        },
      );
    projects.set(project.name, project);
    texts.set(project.name, source);
  }
  for (const name of ['dbt_duckdb', 'dbt']) projects.set(name, builtInProject(name));
  return { root, profile, projects, texts };
}

/** Macros that come with the engine are files beside its code. */
export const builtInFolder = (name: string): string => fileURLToPath(new URL(`../macros/${name}`, import.meta.url));

export function builtInProject(name: string): DbtProject {
  const raw: Dict = { name, version: '1.0.0', 'macro-paths': ['macros'] };
  return buildProject({ root: path.join(path.dirname(builtInFolder(name)), name), text: '', raw }, (text) => text);
}
