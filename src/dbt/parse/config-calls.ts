import type { Dict } from '../manifest-types.ts';

/** `config()` calls of a node's file, kept to be laid over its YAML properties later. */
export interface ConfigCalls {
  readonly calls: Dict;
  /** Literal text of the calls where that is known; undefined = the calls themselves. */
  readonly unrendered?: Dict | undefined;
  /** What stands for them once YAML configures the node: several calls are combined then. */
  readonly patched?: Dict | undefined;
}
