import { DuckhouseError } from '../errors.ts';
import { quoteLiteral } from '../sql.ts';

/** `name=value` pairs; the value is an integer, a decimal, true, false or null when it looks like one, else a text. */
export function parseParams(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair) => {
      const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair);
      if (match === null)
        throw new DuckhouseError('InvalidArgument', `--param takes name=value, not "${pair}"`, {
          id: 'param-invalid',
          context: { pair },
        });
      return [(match[1] as string).toLowerCase(), literal(match[2] as string)];
    }),
  );
}

function literal(value: string): string {
  if (/^-?\d+(\.\d+)?$/.test(value)) return value;
  return /^(true|false|null)$/i.test(value) ? value.toUpperCase() : quoteLiteral(value);
}

/** Strings, quoted names, dollar-quoted strings and comments are left alone; `$name` outside them is a parameter. */
const tokens =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)/g;

/** The SQL with each `$name` replaced by its value's literal. InvalidArgument for one without a value, or a value nobody asked for. */
export function bindParams(sql: string, params: ReadonlyMap<string, string>): string {
  const used = new Set<string>();
  const bound = sql.replace(tokens, (token: string, _tag: string | undefined, name: string | undefined) => {
    if (name === undefined) return token;
    const value = params.get(name.toLowerCase());
    if (value === undefined)
      throw new DuckhouseError('InvalidArgument', `no value for parameter $${name}`, {
        id: 'parameter-missing',
        context: { name },
        hint: `--param ${name}=VALUE`,
      });
    used.add(name.toLowerCase());
    return value;
  });
  const unused = [...params.keys()].find((name) => !used.has(name));
  if (unused !== undefined)
    throw new DuckhouseError('InvalidArgument', `the SQL has no parameter $${unused}`, {
      id: 'parameter-unknown',
      context: { name: unused },
    });
  return bound;
}
