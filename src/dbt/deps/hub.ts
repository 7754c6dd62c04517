/** Reads a package hub: an index of names, a document a package, archives of versions. */
import { DuckhouseError, nearestNames } from '../../errors.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import { masked } from './git.ts';

export interface HubVersion {
  readonly version: string;
  readonly packages: readonly Dict[];
  readonly tarball: string;
  readonly name: string;
}

/** The name that a package goes by now, when it has another. */
export type OnRedirect = (name: string, now: string) => void;

export interface Hub {
  readonly versions: (name: string) => Promise<ReadonlyMap<string, HubVersion>>;
  readonly download: (url: string) => Promise<Uint8Array>;
}

export const defaultHub = 'https://hub.getdbt.com/';

export function openHub(base: string, signal: AbortSignal | undefined, onRedirect?: OnRedirect): Hub {
  const root = base.endsWith('/') ? base : `${base}/`;
  const known = new Map<string, Promise<ReadonlyMap<string, HubVersion>>>();
  const read = async (name: string): Promise<ReadonlyMap<string, HubVersion>> => {
    const url = `${root}api/v1/${name}.json`;
    const response = await request(url, signal);
    if (response.status === 404) throw await notFound(root, name, signal);
    if (!response.ok) throw unreachable(url, `status ${response.status}`);
    const content: unknown = await response.json();
    const now = redirectOf(content);
    if (now !== undefined) onRedirect?.(name, now);
    return versionsOf(name, content, url);
  };
  return {
    versions(name) {
      const versions = known.get(name) ?? read(name);
      known.set(name, versions);
      return versions;
    },
    async download(url) {
      const response = await request(url, signal);
      if (!response.ok) throw unreachable(url, `status ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

async function request(url: string, signal: AbortSignal | undefined): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { signal: signal ?? null });
      if (response.status < 500 || attempt === 3) return response;
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown;
      if (attempt === 3) throw unreachable(url, reasonOf(thrown as Error));
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
  }
}

const reasonOf = ({ cause, message }: Error): string => (cause instanceof Error ? cause.message : message);

const unreachable = (url: string, reason: string): DuckhouseError =>
  new DuckhouseError('Unavailable', `cannot read ${masked(url)}: ${reason.replaceAll(url, masked(url))}`, {
    context: { url: masked(url) },
    hint: 'the address of the hub is in DBT_PACKAGE_HUB_URL',
  });

async function notFound(root: string, name: string, signal: AbortSignal | undefined): Promise<DuckhouseError> {
  const response = await request(`${root}api/v1/index.json`, signal);
  const names: unknown = response.ok ? await response.json() : [];
  return new DuckhouseError('NotFound', `package '${name}' is not in the package hub ${root}`, {
    context: { name, candidates: nearestNames(name, Array.isArray(names) ? names.filter(isText) : []) },
  });
}

function redirectOf(content: unknown): string | undefined {
  if (!isDict(content) || !('redirectnamespace' in content || 'redirectname' in content)) return undefined;
  return `${String(content.redirectnamespace || content.namespace)}/${String(content.redirectname || content.name)}`;
}

function versionsOf(name: string, content: unknown, url: string): ReadonlyMap<string, HubVersion> {
  if (!isDict(content) || !isDict(content.versions))
    throw new DuckhouseError('DataInvalid', `${url} does not describe a package: it has no versions`);
  const found = new Map<string, HubVersion>();
  for (const [version, entry] of Object.entries(content.versions)) {
    if (!isDict(entry) || !isDict(entry.downloads) || !isText(entry.downloads.tarball)) continue;
    found.set(version, {
      version,
      name: isText(entry.name) ? entry.name : (name.split('/').at(-1) as string),
      packages: Array.isArray(entry.packages) ? entry.packages.filter(isDict) : [],
      tarball: entry.downloads.tarball,
    });
  }
  return found;
}
