/** Versions and ranges as package lists write them: `1.2.3`, `>=1.0.0`, `<2.0.0`. */
import { DuckhouseError } from '../errors.ts';

interface Version {
  readonly numbers: readonly number[];
  readonly prerelease: readonly string[];
}

const form =
  /^\s*(>=|<=|>|<|=)?\s*v?(\d+)\.(\d+)\.(\d+)(?:-?([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?\s*$/;

function parse(text: string): { readonly operator: string; readonly version: Version } {
  const found = form.exec(text);
  if (found === null)
    throw new DuckhouseError(
      'InvalidArgument',
      `'${text}' is no version: major.minor.patch is needed, after =, >, <, >= or <= if any`,
    );
  const [, operator = '=', major, minor, patch, prerelease] = found;
  return {
    operator,
    version: {
      numbers: [major, minor, patch].map(Number),
      prerelease: prerelease === undefined ? [] : prerelease.split('.'),
    },
  };
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [x, y] = [a[at], b[at]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const numeric = /^\d+$/.test(x) && /^\d+$/.test(y);
    const order = numeric ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0;
    if (order !== 0) return order;
  }
  return 0;
}

function compare(a: Version, b: Version): number {
  for (let at = 0; at < 3; at++) {
    const order = (a.numbers[at] as number) - (b.numbers[at] as number);
    if (order !== 0) return order;
  }
  return comparePrerelease(a.prerelease, b.prerelease);
}

const compareVersionTexts = (a: string, b: string): number => compare(parse(a).version, parse(b).version);
export const isVersion = (text: string): boolean => form.test(text);
const isPrerelease = (text: string): boolean => parse(text).version.prerelease.length > 0;

export function satisfies(version: string, range: string): boolean {
  const wanted = parse(range);
  const order = compare(parse(version).version, wanted.version);
  switch (wanted.operator) {
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    default:
      return order === 0;
  }
}

/** The newest version that all ranges allow; pre-releases only when asked for. */
export function newestOf(
  versions: readonly string[],
  ranges: readonly string[],
  prerelease: boolean,
): string | undefined {
  const allowed = prerelease || ranges.some((range) => isPrerelease(range));
  return versions
    .filter(isVersion)
    .filter((version) => allowed || !isPrerelease(version))
    .filter((version) => ranges.every((range) => satisfies(version, range)))
    .sort(compareVersionTexts)
    .at(-1);
}
