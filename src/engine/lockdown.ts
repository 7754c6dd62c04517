import { existsSync, realpathSync } from 'node:fs';
import { quoteLiteral } from '../sql.ts';
import type { Lockdown } from './types.ts';

/** Set by the engine itself on its connections. */
const ownSettings = [
  'TimeZone',
  'errors_as_json',
  'enable_progress_bar',
  'enable_progress_bar_print',
  'arrow_lossless_conversion',
  'arrow_large_buffer_size',
];

/**
 * Statements that close an instance, in the order DuckDB wants them: it takes folders only before it forbids the rest, and
 * nothing after the lock. They cannot be given at open, where settings that are lists are refused.
 */
export function lockdownStatements({ folders, settings }: Lockdown): string[] {
  const open = new Set(folders.flatMap((folder) => (existsSync(folder) ? [folder, realpathSync(folder)] : [folder])));
  return [
    `SET GLOBAL allowed_directories = ${listOf([...open])}`,
    'SET GLOBAL autoload_known_extensions = false',
    'SET GLOBAL autoinstall_known_extensions = false',
    'SET GLOBAL allow_community_extensions = false',
    'SET GLOBAL allow_persistent_secrets = false',
    `SET GLOBAL allowed_configs = ${listOf([...new Set([...ownSettings, ...settings])])}`,
    'SET GLOBAL enable_external_access = false',
    'SET GLOBAL lock_configuration = true',
  ];
}

const listOf = (texts: readonly string[]): string => `[${texts.map(quoteLiteral).join(', ')}]`;
