import type { Principal } from '../../access/index.ts';
import type { EngineShare } from '../../engine/index.ts';

/** What a dbt thread is started with. Data only. */
export interface ThreadStart {
  readonly share: EngineShare;
  readonly version: string;
  /** Folders that hold tables, for the gate. */
  readonly tableFolders: readonly string[];
  /** Where it writes down what it has open. */
  readonly handles: SharedArrayBuffer;
  /** How much of what it told is not taken yet. */
  readonly backlog: SharedArrayBuffer;
}

/** One command line. */
export interface ThreadRun {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variables that the client has too; their values come when the project names them. */
  readonly envNames: readonly string[];
  readonly cwd: string;
  readonly workspace: string;
  readonly projectDir: string;
  readonly language: 'en' | 'fr';
  /** Who asks: their statements pass the gate, and, unless an administrator, they reach the workspace only. */
  readonly principal: Principal;
}

export type ThreadRequest = { readonly type: 'run'; readonly run: ThreadRun } | { readonly type: 'cancel' };

export type ThreadOutcome =
  | { readonly code: number }
  /** The profile's database is another file than the server's. */
  | { readonly code: 'elsewhere' }
  /** The project names variables whose values are not here. */
  | { readonly needs: readonly string[] };

export type ThreadMessage =
  | { readonly type: 'write'; readonly text: string }
  | { readonly type: 'done'; readonly outcome: ThreadOutcome }
  /** Whether it parses what has changed while nobody asks for anything. */
  | { readonly type: 'warming'; readonly isBusy: boolean };
