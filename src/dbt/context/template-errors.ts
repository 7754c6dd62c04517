import { isDuckhouseError, nearestNames } from '../../errors.ts';
import { framesOf, PyError } from '../../jinja/index.ts';

/** What an error is called in dbt's messages, by the class it was raised with. */
const kinds: Readonly<Record<string, string>> = {
  CompilationError: 'Compilation',
  UndefinedError: 'Compilation',
  TemplateSyntaxError: 'Compilation',
  DbtRuntimeError: 'Runtime',
  DbtDatabaseError: 'Database',
  DbtValidationError: 'Validation',
  DependencyError: 'Dependency',
  ContractError: 'Compilation',
};

export interface FailedResource {
  readonly resource_type: string;
  readonly name: string;
  readonly original_file_path: string;
}

const resourceText = ({ resource_type, name, original_file_path }: FailedResource): string =>
  `${resource_type} ${name} (${original_file_path})`;

/** `Compilation` for what a template did wrong, `Runtime` for everything else. */
function kindOf(error: unknown): string {
  if (error instanceof PyError) return kinds[error.pyClass] ?? 'Compilation';
  return isDuckhouseError(error) && error.id?.startsWith('dbt-compile') ? 'Compilation' : 'Runtime';
}

/** The error's own text; of a name that is not there, what it may have been meant to be. */
function ownText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const name = undefinedName(error);
  if (name === undefined) return text;
  const near = nearNames.get(error as Error) ?? [];
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
  return `${text}. Is it a macro that does not exist, or one of a package that is not installed (dbt deps)?${meant}`;
}

const nearNames = new WeakMap<Error, readonly string[]>();

/** The name that a template asked for in vain. */
function undefinedName(error: unknown): string | undefined {
  if (!(error instanceof PyError) || error.pyClass !== 'UndefinedError') return undefined;
  return /^'(\w+)' is undefined$/.exec(error.message)?.[1];
}

/** Notes which of `known` a missing name may have been meant to be. */
export function noteNearNames(error: unknown, known: () => Iterable<string>): void {
  const name = undefinedName(error);
  if (name !== undefined) nearNames.set(error as Error, nearestNames(name, known()));
}

const owners = new WeakMap<Error, FailedResource>();

/** The same error, which is told as one of this node although another was being compiled. */
export function ownedBy(error: unknown, node: FailedResource): unknown {
  if (error instanceof Error && !owners.has(error)) owners.set(error, node);
  return error;
}

const ownerOf = (error: unknown): FailedResource | undefined =>
  error instanceof Error ? owners.get(error) : undefined;

/**
 * A failed node in dbt's words: the kind of error and the node, then the text, then the macros it came through,
 * everything but the first line indented.
 */
export function failureText(error: unknown, failed: FailedResource | undefined): string {
  const kind = kindOf(error);
  const node = (kind === 'Compilation' ? ownerOf(error) : undefined) ?? failed;
  const place = node === undefined ? '' : ` in ${resourceText(node)}`;
  const lines = [...ownText(error).split('\n'), ...(kind === 'Compilation' ? stackLines(error, node) : [])];
  return [`${kind} Error${place}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function stackLines(error: unknown, node: FailedResource | undefined): string[] {
  const macros = framesOf(error).filter(({ name }) => name.startsWith('macro '));
  if (macros.length === 0) return [];
  const calls = [
    ...macros.map(
      ({ name, path, line }) => `${name.replace('dbt_macro__', '')} (${path}${line > 0 ? `:${line}` : ''})`,
    ),
    ...(node === undefined ? [] : [resourceText(node)]),
  ];
  return ['', ...shortened(calls.map((call, i) => `> ${i === 0 ? 'in' : 'called by'} ${call}`))];
}

/** Of a long stack, as endless recursion leaves one, the ends. */
export function shortened(lines: readonly string[], most = 20): string[] {
  if (lines.length <= most) return [...lines];
  const half = most / 2;
  return [...lines.slice(0, half), `> ... ${lines.length - most} more`, ...lines.slice(-half)];
}
