import type { Session } from '../lakehouse/index.ts';

/** How the files of one table are to be read; what is undefined is found out. */
export interface ReadOptions {
  /** Types by column name. */
  readonly columns: ReadonlyMap<string, string>;
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  readonly encoding?: string | undefined;
  readonly header?: boolean | undefined;
  readonly decimalComma?: boolean | undefined;
  readonly nullText?: string | undefined;
  /** Between thousands, e.g. a space. */
  readonly thousands?: string | undefined;
  /** As of strptime, e.g. `%d/%m/%y`. */
  readonly dateFormat?: string | undefined;
  /** Lines before the header. */
  readonly skip?: number | undefined;
  /** The files are read where they are, at each query. */
  readonly inPlace?: boolean | undefined;
}

/** One thing that was found out about the files, and its value where it has one. */
export type Finding = readonly [
  what:
    | 'delimiter'
    | 'tab'
    | 'oneColumn'
    | 'quote'
    | 'encoding'
    | 'header'
    | 'noHeader'
    | 'decimalComma'
    | 'dates'
    | 'titleLines'
    | 'microseconds'
    | 'oneFile'
    | 'files',
  value?: string | number,
];

export interface Scan {
  /** A SELECT over the files that DuckDB can run; absolute paths. */
  readonly sql: string;
  /** What was found out, for people. */
  readonly found: readonly Finding[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Once it was read. */
  readonly close?: () => Promise<void>;
}

/** One file format. A new one is a file like these and a line in `formats.ts`. */
export interface IngestFormat {
  readonly name: string;
  /** Endings of file names, without the dot. */
  readonly extensions: readonly string[];
  readonly mediaTypes: readonly string[];
  /** Looks at the files and says how to read them. Errors name file and line. */
  readonly scan: (session: Session, files: readonly string[], options: ReadOptions) => Promise<Scan>;
}
