export interface FoundFile {
  readonly packageName: string;
  /** The configured folder it was found under, e.g. `models`. */
  readonly folder: string;
  /** Relative to that folder. */
  readonly relative: string;
  /** Relative to the package. */
  readonly original: string;
  readonly absolute: string;
  /** In small letters, with its dot. */
  readonly extension: string;
  /** What is in it, when it was just read. */
  readonly text?: string;
}
