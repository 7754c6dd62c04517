/** sizeof(struct ArrowArray) and struct ArrowSchema of the Arrow C data interface. */
export const arrayStructSize = 80;
export const schemaStructSize = 72;
