import type { Filter } from '../runtime-types.ts';
import { tojson } from './json-filter.ts';
import { NUMBER_FILTERS } from './number-filters.ts';
import { SEQUENCE_FILTERS } from './sequence-filters.ts';
import { TEXT_FILTERS } from './text-filters.ts';

/** The filters of Jinja2. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...TEXT_FILTERS,
  ...NUMBER_FILTERS,
  ...SEQUENCE_FILTERS,
  ['tojson', tojson],
]);
