import { recordBatchTemplate } from './batch-template.ts';
import { addColumn, type BatchParts } from './build-column.ts';
import type { ArrowSchema, IpcMessage } from './types.ts';

export interface BuiltBatch extends IpcMessage {
  readonly rows: number;
}

const alignment = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/**
 * A record batch out of values, for small results made here: `columns[i]` are the values of field i, as `addColumn` takes
 * them, all of one length. Results of the engine come encoded and need none of this.
 */
export function buildBatch(schema: ArrowSchema, columns: readonly (readonly unknown[])[]): BuiltBatch {
  const rows = columns[0]?.length ?? 0;
  const parts: BatchParts = { nodes: [], buffers: [] };
  schema.fields.forEach((field, i) => {
    const values = columns[i];
    if (values?.length !== rows)
      throw new RangeError(`column ${field.name} has ${values?.length} values where others have ${rows}`);
    addColumn(parts, field, values);
  });
  return { ...assemble(parts, rows), rows };
}

function assemble({ nodes, buffers }: BatchParts, rows: number): IpcMessage {
  const template = recordBatchTemplate(nodes.length, buffers.length);
  const size = buffers.reduce((sum, buffer) => sum + aligned(buffer.byteLength), 0);
  const body = new Uint8Array(size);
  template.setLength(rows);
  nodes.forEach(({ length, nullCount }, i) => template.setNode(i, length, nullCount));
  let at = 0;
  buffers.forEach((buffer, i) => {
    template.setBuffer(i, at, buffer.byteLength);
    body.set(buffer, at);
    at += aligned(buffer.byteLength);
  });
  template.setBodyLength(size);
  return { metadata: template.bytes, body };
}
