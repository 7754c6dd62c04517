/** `env_var(...)`: the only way from a template to the environment. */

import { DuckhouseError } from '../../errors.ts';
import { hostFunction, readArguments, str, type Value } from '../../jinja/index.ts';
import { own } from '../plain.ts';
import type { Env } from '../project-types.ts';
import type { ReadLog } from './reads.ts';

const secretPrefixes = ['DBT_ENV_SECRET', 'DBT_SECRET'] as const;
const isSecretName = (name: string): boolean => name.startsWith(secretPrefixes[0]);

/** Values of secret variables, to be masked wherever text leaves the process. */
export const secretValues = (env: Env): string[] =>
  Object.entries(env).flatMap(([name, value]) =>
    isSecretName(name) && value !== undefined && value !== '' ? [value] : [],
  );

/** `secrets`: whether DBT_ENV_SECRET variables may be read here, as in profiles and package lists. */
export const envVarFunction = (
  env: Env,
  { secrets, reads }: { readonly secrets: boolean; readonly reads?: ReadLog | undefined },
): Value =>
  hostFunction('env_var', (args, kwargs) => {
    const given = readArguments('env_var', ['var', 'default'], args, kwargs, { default: null });
    const name = str(given.var);
    if (isSecretName(name) && !secrets)
      throw new DuckhouseError(
        'PermissionDenied',
        `environment variable '${name}' is secret: it may be used in profiles.yml and packages.yml only`,
        {
          context: { name },
        },
      );
    const value = own(env, name);
    reads?.env(name, value);
    if (value !== undefined) return value;
    if (given.default !== null) return given.default;
    throw new DuckhouseError('NotFound', `environment variable '${name}' is not set`, {
      context: { name },
      hint: `set it, or give a default: env_var('${name}', 'default')`,
    });
  });
