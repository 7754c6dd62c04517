import { fromJs, PyFunction, PyModule, type Value } from '../../../jinja/index.ts';
import type { ParsedProject } from '../../project-types.ts';

/** A function of the host that also has `config`: packages read the run's configuration as `builtins.ref.config`. */
export class ConfiguredFunction extends PyFunction {
  readonly #config: () => Value;

  constructor(name: string, run: PyFunction['run'], config: () => Value) {
    super(name, run);
    this.#config = config;
  }
  override attr(name: string): Value | undefined {
    return name === 'config' ? this.#config() : undefined;
  }
}

type Configured = Pick<ParsedProject, 'project' | 'projects' | 'profile' | 'vars'>;
const configs = new WeakMap<Configured['projects'], Value>();

/** What packages read of the run's configuration: the project's name, its variables, the packages by name. No secrets. */
export function runtimeConfig(parsed: Configured): Value {
  const known = configs.get(parsed.projects);
  if (known !== undefined) return known;
  const { project, projects, profile } = parsed;
  const config = new PyModule('RuntimeConfig', [
    ['project_name', project.name],
    ['version', project.version],
    ['project_root', project.root],
    ['profile_name', project.profileName],
    ['target_name', profile.targetName],
    ['vars', varsOf(project.vars)],
    ['cli_vars', fromJs(parsed.vars)],
    ['dependencies', packagesOf(projects)],
  ]);
  configs.set(projects, config);
  return config;
}

/** Variables as dbt hands them to packages: `config.vars.to_dict()`. */
function varsOf(vars: ParsedProject['project']['vars']): Value {
  const all = fromJs(vars);
  return new PyModule('VarProvider', [
    ['vars', all],
    ['to_dict', new PyFunction('to_dict', () => all)],
  ]);
}

/** Packages by name, each with attributes. */
const packagesOf = (projects: ParsedProject['projects']): Value =>
  new PyModule(
    'dependencies',
    [...projects].map(([name, { version }]) => {
      const members: readonly (readonly [string, Value])[] = [
        ['project_name', name],
        ['version', version],
      ];
      return [name, new PyModule('Project', members)] as const;
    }),
  );
