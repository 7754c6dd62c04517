/** Private packages: `org/repo` of a git host, reached by SSH, or by addresses with tokens that the environment gives. */
import { DuckhouseError } from '../../errors.ts';
import { isDict, isText } from '../plain.ts';

export interface PrivateName {
  readonly name: string;
  readonly provider: string | undefined;
}

interface GitHost {
  readonly org: string;
  /** With the places {token}, {repo}, {group} and {project}. */
  readonly url: string;
  readonly token: string;
  readonly provider: string;
}

/** Azure has had several names. */
const azure: ReadonlySet<string> = new Set(['ado', 'azure_devops', 'azure_active_directory']);
const isSame = (a: string, b: string): boolean => a === b || (azure.has(a) && azure.has(b));

/** The address of a private package. `hosts` is the JSON of DBT_ENV_PRIVATE_GIT_PROVIDER_INFO. */
export function privateUrl(wanted: PrivateName, hosts: string | undefined): string {
  if (!/^[\w.-]+(?:\/[\w. -]+)+$/.test(wanted.name) || wanted.name.split('/').some((part) => /^\.+$/.test(part)))
    throw bad(wanted, 'it must be the organisation and the repository, such as acme/models');
  const known = hostsOf(hosts);
  if (known.length === 0) return sshUrl(wanted);
  for (const host of known) {
    const url = urlAt(host, wanted);
    if (url !== undefined) return url;
  }
  throw bad(wanted, 'no git host that is set up has it');
}

const bad = ({ name, provider }: PrivateName, problem: string): DuckhouseError =>
  new DuckhouseError(
    'InvalidArgument',
    `private package '${name}'${provider === undefined ? '' : ` of ${provider}`}: ${problem}`,
    { context: { name } },
  );

function sshUrl(wanted: PrivateName): string {
  const { name, provider = 'github' } = wanted;
  if (provider === 'github' || provider === 'gitlab') return `git@${provider}.com:${name}.git`;
  if (provider !== 'ado' && provider !== 'azure_devops')
    throw bad(wanted, 'the provider must be github, gitlab, ado or azure_devops');
  if (name.split('/').length < 3) throw bad(wanted, 'on Azure it is organisation, project and repository');
  return `git@ssh.dev.azure.com:v3/${name}`;
}

function hostsOf(text: string | undefined): GitHost[] {
  if (text === undefined || text.trim() === '') return [];
  try {
    const content: unknown = JSON.parse(text);
    if (Array.isArray(content)) return content.filter(isHost);
  } catch {
    // What the variable holds may be a secret, so it is not shown.
  }
  throw new DuckhouseError('InvalidArgument', 'DBT_ENV_PRIVATE_GIT_PROVIDER_INFO is no JSON list of git hosts');
}

const isHost = (value: unknown): value is GitHost =>
  isDict(value) && [value.org, value.url, value.token, value.provider].every(isText);

/** The host's address of the package, when it has one. */
function urlAt({ org, url, token, provider }: GitHost, wanted: PrivateName): string | undefined {
  const [first = '', ...rest] = wanted.name.split('/');
  if (first !== org || (wanted.provider !== undefined && !isSame(provider, wanted.provider))) return undefined;
  const repo = rest.at(-1) as string;
  const group = rest.slice(0, -1).join('/');
  const filled = url.replace(/\{(repo|group|project)\}/g, (_, place: string) => (place === 'repo' ? repo : group));
  const path = filled.replace(/^[a-z+]+:\/\/[^/]*\//i, '').replace(/\.git$/, '');
  const isOwn =
    path.replace('/_git/', '/') === wanted.name || (azure.has(provider) && group === '' && isShort(path, wanted));
  return isOwn ? filled.replace('{token}', () => token) : undefined;
}

/** On Azure the project may be left out of the name. */
const isShort = (path: string, { name }: PrivateName): boolean => {
  const parts = path.replace('/_git/', '/').split('/');
  return `${parts[0]}/${parts.at(-1)}` === name;
};
