/** Reads `ref`, `source` and `config` off a template that calls nothing else, and those with literals only. */
import {
  compileTemplate,
  createEnvironment,
  type Kwargs,
  type StaticCall,
  staticCalls,
  str,
  toJs,
  type Value,
} from '../../jinja/index.ts';
import type { RefArgs } from '../manifest-types.ts';
import { isDict } from '../plain.ts';

export interface StaticContent {
  readonly refs: readonly RefArgs[];
  readonly sources: readonly string[][];
  /** Keywords of `config` calls, in order. */
  readonly configs: readonly (readonly [string, unknown])[];
  readonly usesVars: boolean;
  readonly usesIncremental: boolean;
}

export interface StaticOptions {
  /** `var(...)` of it changes nothing that parsing looks for. */
  readonly isPlainVar?: (name: string, hasDefault: boolean) => boolean;
  /** `is_incremental()` is the built-in one, false while parsing. */
  readonly incremental?: boolean;
}

const environment = createEnvironment();
const names: ReadonlySet<string> = new Set(['ref', 'source', 'config', 'var']);
const falsities: ReadonlySet<string> = new Set(['is_incremental']);
const noFalsities: ReadonlySet<string> = new Set();

/** undefined = the text must be rendered. */
export function readStatic(text: string, path: string, options: StaticOptions = {}): StaticContent | undefined {
  const calls = callsOf(text, path, options.incremental === true ? falsities : noFalsities);
  if (calls === undefined) return undefined;
  const refs: RefArgs[] = [];
  const sources: string[][] = [];
  const configs: (readonly [string, unknown])[] = [];
  let [usesVars, usesIncremental] = [false, false];
  for (const { name, args, kwargs } of calls) {
    if (name === 'var') {
      if (typeof args[0] !== 'string' || options.isPlainVar?.(args[0], args.length > 1) !== true) return undefined;
      usesVars = true;
      continue;
    }
    if (name === 'is_incremental') {
      usesIncremental = true;
      continue;
    }
    if (!args.every((arg) => typeof arg === 'string')) return undefined;
    const texts = args as readonly string[];
    if (name === 'config') {
      if (texts.length > 0) return undefined;
      for (const [key, value] of kwargs) configs.push([key, toJs(value)]);
    } else if (name === 'source') {
      if (texts.length !== 2 || kwargs.size > 0) return undefined;
      sources.push([...texts]);
    } else {
      const ref = refOf(texts, kwargs);
      if (ref === undefined) return undefined;
      refs.push(ref);
    }
  }
  return { refs, sources, configs, usesVars, usesIncremental };
}

function callsOf(text: string, path: string, untrue: ReadonlySet<string>): readonly StaticCall[] | undefined {
  try {
    return staticCalls(compileTemplate(environment, text, { path }), names, untrue);
  } catch {
    return undefined; // rendering it finds the same mistake, and tells it with its place
  } finally {
    environment.programs.delete(text);
  }
}

/** The keywords of `config` as dbt's own reader of texts has them, which keeps backslashes. */
export function rawConfigs(text: string, path: string, options: StaticOptions): StaticContent['configs'] {
  const { configs = [] } = readStatic(hidden(text), path, options) ?? {};
  return configs.map(([key, value]) => [key, shown(value)] as const);
}

// Signs of private use stand for backslashes meanwhile.
const escapes = new Map([
  ["\\'", '\ue001'],
  ['\\"', '\ue002'],
  ['\\', '\ue003'],
]);
const signs = new Map([...escapes].map(([text, sign]) => [sign, text]));
const hidden = (text: string): string => text.replace(/\\\\|\\['"]?/g, (found) => escapes.get(found) ?? '\ue003\ue003');

function shown(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/[\ue001-\ue003]/g, (sign) => signs.get(sign) as string);
  if (Array.isArray(value)) return value.map(shown);
  return isDict(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shown(one)])) : value;
}

function refOf(texts: readonly string[], kwargs: Kwargs): RefArgs | undefined {
  if (texts.length < 1 || texts.length > 2) return undefined;
  let version: string | number | null = null;
  for (const [key, value] of kwargs) {
    if (key !== 'v' && key !== 'version') return undefined;
    version = versionOf(value);
  }
  return { name: texts.at(-1) as string, package: texts.length === 2 ? (texts[0] as string) : null, version };
}

const versionOf = (value: Value): string | number | null =>
  value === null || typeof value === 'number' ? value : str(value);
