import type { EngineShare } from '../../engine/index.ts';
import type { Env } from '../project-types.ts';

/** What a dbt thread is started with. Data only. */
export interface ThreadStart {
  readonly argv: readonly string[];
  readonly env: Env;
  readonly cwd: string;
  readonly workspace: string;
  readonly projectDir: string | undefined;
  readonly share: EngineShare;
  readonly language: 'en' | 'fr';
  readonly version: string;
}

export type ThreadMessage =
  | { readonly type: 'write'; readonly text: string }
  | { readonly type: 'connection'; readonly connection: number; readonly isOpen: boolean }
  /** `elsewhere`: the profile's database is another file than the server's. */
  | { readonly type: 'done'; readonly code: number | 'elsewhere' };
