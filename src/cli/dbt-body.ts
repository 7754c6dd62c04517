import type { ThreadAnswer } from '../dbt/index.ts';

export const dbtActionType = 'dbt';

/** What a client sends to have dbt run in the server. */
export interface DbtActionBody {
  readonly argv: readonly string[];
  /** Variables of dbt itself; of the others the names alone, until the project turns out to name them. */
  readonly env: Readonly<Record<string, string>>;
  readonly envNames: readonly string[];
  readonly cwd: string;
  readonly projectDir: string;
  readonly language: 'en' | 'fr';
}

/** What it gets: texts to write, at last how it ended. */
export type DbtActionResult = ThreadAnswer;
