import { isDuckhouseError } from '../../errors.ts';
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

export const resourceText = ({ resource_type, name, original_file_path }: FailedResource): string =>
  `${resource_type} ${name} (${original_file_path})`;

/** `Compilation` for what a template did wrong, `Runtime` for everything else. */
function kindOf(error: unknown): string {
  if (error instanceof PyError) return kinds[error.pyClass] ?? 'Compilation';
  return isDuckhouseError(error) && error.id?.startsWith('dbt-compile') ? 'Compilation' : 'Runtime';
}

/** The error's own text, an exception of Python's named when it is none of dbt's. */
function ownText(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}

/**
 * A failed node in dbt's words: the kind of error and the node, then the text, then the macros it came through,
 * everything but the first line indented.
 */
export function failureText(error: unknown, node: FailedResource | undefined): string {
  const kind = kindOf(error);
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
  return ['', ...calls.map((call, i) => `> ${i === 0 ? 'in' : 'called by'} ${call}`)];
}
