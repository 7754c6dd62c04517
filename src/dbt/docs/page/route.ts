/** Places in the page, written in its address after the #. The forms for things are those of dbt's own pages. */

export type Route =
  | { readonly page: 'overview'; readonly packageName: string }
  | { readonly page: 'item'; readonly id: string }
  | { readonly page: 'search'; readonly query: string }
  | {
      readonly page: 'graph';
      /** '' = the whole project. */
      readonly id: string;
      readonly up: number;
      readonly down: number;
      /** Kinds that are left out. */
      readonly without: readonly string[];
    };

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#!?\/?/, '').split('?', 2);
  const [page = '', ...rest] = path.split('/').map(decoded);
  const params = new URLSearchParams(query);
  const id = rest.join('/');
  if (page === '' || page === 'overview') return { page: 'overview', packageName: id };
  if (page === 'search') return { page: 'search', query: id };
  if (page === 'graph')
    return {
      page: 'graph',
      id,
      up: steps(params.get('up')),
      down: steps(params.get('down')),
      without: (params.get('without') ?? '').split(',').filter((kind) => kind !== ''),
    };
  return { page: 'item', id };
}

export function formatRoute(route: Route): string {
  const part = encodeURIComponent;
  if (route.page === 'overview') return `#!/overview${route.packageName === '' ? '' : `/${part(route.packageName)}`}`;
  if (route.page === 'search') return `#!/search/${part(route.query)}`;
  if (route.page === 'item') return `#!/${part(route.id.split('.')[0] ?? 'item')}/${part(route.id)}`;
  const params = new URLSearchParams();
  if (Number.isFinite(route.up) && route.id !== '') params.set('up', String(route.up));
  if (Number.isFinite(route.down) && route.id !== '') params.set('down', String(route.down));
  if (route.without.length > 0) params.set('without', route.without.join(','));
  const query = params.toString();
  return `#!/graph${route.id === '' ? '' : `/${part(route.id)}`}${query === '' ? '' : `?${query}`}`;
}

export const itemHref = (id: string): string => formatRoute({ page: 'item', id });

const steps = (text: string | null): number => (text !== null && /^\d{1,3}$/.test(text) ? Number(text) : Infinity);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
