import type { AdapterConnection } from '../adapter/database.ts';
import type { ManifestNode } from '../manifest-types.ts';

type Connect = () => Promise<AdapterConnection>;

/** What a run with `--changed` knows of earlier ones. */
export interface Changes {
  /** When the node was made, if nothing has changed since: its text, its configuration, what it reads, what it made. */
  unchangedSince(node: ManifestNode, connect: Connect): Promise<Date | undefined>;
  /** Notes what a node was made from; to be called when it has been. */
  made(node: ManifestNode, connect: Connect): Promise<void>;
  /** Keeps what was noted for the next run. */
  save(): Promise<void>;
}
