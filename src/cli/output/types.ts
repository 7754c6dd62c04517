import type { Writable } from 'node:stream';
import type { ArrowSchema } from '../../arrow/index.ts';
import type { FlightMessage } from '../../flight/index.ts';
import type { Translator } from '../../messages/index.ts';

export interface OutputRequest {
  readonly schema: ArrowSchema;
  readonly messages: AsyncIterable<FlightMessage>;
  readonly out: Writable;
  /** Rows written at most; undefined = the format's own (tables) or all. */
  readonly limit: number | undefined;
  readonly all: boolean;
  readonly translator: Translator;
  /** Characters across, when known. */
  readonly columns: number | undefined;
}

/** Writes a result; resolves with the rows it had. A format is an entry in `formats.ts`. */
export type OutputFormat = (request: OutputRequest) => Promise<number>;
