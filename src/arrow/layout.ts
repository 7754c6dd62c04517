import type { ArrowField, ArrowSchema } from './types.ts';

/** Buffers that a field contributes itself, children left out; view types take their variadic buffers besides. */
function ownBuffers(field: ArrowField, metadataVersion = 5): number {
  if (field.dictionary !== undefined) return 2;
  switch (field.type.id) {
    case 'null':
    case 'runEndEncoded':
      return 0;
    case 'struct':
    case 'fixedSizeList':
      return 1;
    case 'union':
      // Before V5 unions had a validity bitmap.
      return (field.type.mode === 'dense' ? 2 : 1) + (metadataVersion < 5 ? 1 : 0);
    case 'utf8':
    case 'largeUtf8':
    case 'binary':
    case 'largeBinary':
    case 'listView':
    case 'largeListView':
      return 3;
    default:
      return 2;
  }
}

const children = (field: ArrowField): readonly ArrowField[] => (field.dictionary === undefined ? field.children : []);

const countFields = (fields: readonly ArrowField[], weigh: (field: ArrowField) => number): number =>
  fields.reduce((sum, field) => sum + weigh(field) + countFields(children(field), weigh), 0);

/** Field nodes and buffers of a record batch of this schema, variadic buffers left out. */
export const layoutOf = (schema: ArrowSchema): { readonly nodes: number; readonly buffers: number } => ({
  nodes: countFields(schema.fields, () => 1),
  buffers: countFields(schema.fields, (field) => ownBuffers(field)),
});
