import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Node } from 'yaml';
import { DuckhouseError, nearestNames } from '../errors.ts';
import { type SettingName, settingNames, settings } from './settings.ts';

export interface FoundValue {
  readonly value: string;
  /** `duckhouse.yaml:3`. */
  readonly origin: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The package has many files: a workspace without a duckhouse.yaml does without it. */
const load = createRequire(import.meta.url);

/** The settings of a duckhouse.yaml; `${NAME}` is an environment variable. Unknown keys and lists are errors with their line. */
export function readYaml(file: string, shown: string, env: Environment): ReadonlyMap<SettingName, FoundValue> {
  const found = new Map<SettingName, FoundValue>();
  if (!existsSync(file)) return found;
  const { isMap, isScalar, LineCounter, parseDocument } = load('yaml') as typeof import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new DuckhouseError('InvalidArgument', `${shown}: ${problem.message}`, { id: 'config-yaml' });
  const names = new Map(settingNames.map((name) => [settings[name].yaml as string, name]));
  const lineOf = (node: Node): number => lines.linePos(node.range?.[0] ?? 0).line;

  const unknown = (path: string, node: Node): DuckhouseError => {
    const candidates = nearestNames(path, names.keys());
    return new DuckhouseError('InvalidArgument', `${shown}:${lineOf(node)}: unknown setting "${path}"`, {
      id: 'config-unknown',
      context: { file: shown, line: lineOf(node), name: path, candidates },
    });
  };
  const visit = (node: unknown, prefix: string): void => {
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const keyNode = key as Node;
      const path = prefix + String(isScalar(keyNode) ? keyNode.value : keyNode);
      const name = names.get(path);
      if (isMap(value) && name === undefined) {
        if (![...names.keys()].some((known) => known.startsWith(`${path}.`))) throw unknown(path, keyNode);
        visit(value, `${path}.`);
      } else if (name === undefined) throw unknown(path, keyNode);
      else if (isScalar(value) && value.value !== null)
        found.set(name, { value: expand(String(value.value), env), origin: `${shown}:${lineOf(keyNode)}` });
      else if (!isScalar(value)) {
        throw new DuckhouseError('InvalidArgument', `${shown}:${lineOf(keyNode)}: ${path} must be one value`, {
          id: 'config-value',
          context: { origin: `${shown}:${lineOf(keyNode)}`, name: path, expected: 'one value', value: String(value) },
        });
      }
    }
  };
  visit(document.contents, '');
  return found;
}

const expand = (text: string, env: Environment): string =>
  text.replace(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? '');
