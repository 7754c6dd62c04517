/** Renders values of dbt_project.yml, profiles.yml and package lists: before there is a project to speak of. */

import { DuckhouseError, isDuckhouseError } from '../../errors.ts';
import { type Context, compileTemplate, createEnvironment, PyFloat, renderNative, toJs } from '../../jinja/index.ts';
import { createBaseContext } from '../context/base-context.ts';
import { dateTimeValue, dateValue } from '../context/dates.ts';
import type { Dict } from '../manifest-types.ts';
import { isDict, isText } from '../plain.ts';
import type { DbtProfile, Env } from '../project-types.ts';
import { type DuplicateKey, loadYaml } from '../yaml/load.ts';
import type { ScalarMakers } from '../yaml/scalars.ts';
import type { RenderYaml } from './project.ts';

/** Whole floats keep their point, dates are dates of templates; both are plain in JSON. */
export const yamlMakers: ScalarMakers = {
  float: (value) => (Number.isInteger(value) || !Number.isFinite(value) ? new PyFloat(value) : value),
  date: (year, month, day) => dateValue(year, month, day),
  dateTime: (parts, microsecond, offset) => dateTimeValue(parts, microsecond, offset),
};

/** As dbt reads files: without the white space at their end, so that a block text there has no line break. */
export const readYaml = (text: string, path: string, onDuplicate?: (duplicate: DuplicateKey) => void): unknown =>
  loadYaml(text.trimEnd(), path, { makers: yamlMakers, onDuplicate });

export interface EarlyContextOptions {
  readonly env: Env;
  readonly vars: Readonly<Dict>;
  readonly flags: Readonly<Dict>;
  readonly secrets: boolean;
  /** Before there is a profile some names are missing: text that needs them stays as it is. */
  readonly lenient?: boolean;
  readonly profile?: DbtProfile | undefined;
  readonly invocationId: string;
  readonly runStartedAt: Date;
}

const marks = /[{][{%#]|[#}%][}]/;

export function earlyRenderer(options: EarlyContextOptions, path: string): RenderYaml {
  const environment = createEnvironment({ native: true });
  let context: Context | undefined;
  return (text) => {
    if (!marks.test(text)) return text.endsWith('\n') ? text.slice(0, -1) : text;
    context ??= createBaseContext({
      ...options,
      projectName: '',
      profile: options.profile,
      sink: {},
      vars: {
        has: (name) => Object.hasOwn(options.vars, name),
        get: (name) => options.vars[name],
        all: () => ({ ...options.vars }),
      },
      asker: () => path,
    });
    try {
      return toJs(renderNative(compileTemplate(environment, text, { path, name: path }), context));
    } catch (error) {
      if (!isDuckhouseError(error)) throw error;
      if (options.lenient === true) return text;
      throw new DuckhouseError(
        error.kind === 'Internal' ? 'DataInvalid' : error.kind,
        // What stands around an expression may be a secret.
        `${path}: ${options.secrets ? '' : `cannot render ${text}: `}${error.message}`,
        { context: { ...error.context, path }, hint: error.hint, cause: error },
      );
    }
  };
}

/** All texts in a document; keys stay as they are. */
export const renderAll = (value: unknown, render: RenderYaml): unknown => {
  if (isText(value)) return render(value);
  if (Array.isArray(value)) return value.map((item) => renderAll(item, render));
  if (!isDict(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderAll(item, render)]));
};
