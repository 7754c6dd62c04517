import type { ArrowField, ArrowSchema, ArrowType } from '../../arrow/index.ts';

/**
 * The types of parameters as a client should be told them. Arrow's JDBC driver writes milliseconds into any TIMESTAMP or TIME,
 * whatever its unit (10:00 would be 00:00:36), and cannot write an INTERVAL: it is told of milliseconds, and of text. Values
 * are cast to what the statement takes when they come.
 */
export const parametersFor = (userAgent: string | undefined, { fields }: ArrowSchema): ArrowSchema => ({
  fields: isJava(userAgent) ? fields.map(forJava) : fields,
});

const isJava = (userAgent = ''): boolean => userAgent.startsWith('grpc-java');

const forJava = (field: ArrowField): ArrowField => ({ ...field, type: typeForJava(field.type) });

function typeForJava(type: ArrowType): ArrowType {
  if (type.id === 'timestamp') return { ...type, unit: 'millisecond' };
  if (type.id === 'time') return { id: 'time', unit: 'millisecond', bitWidth: 32 };
  return type.id === 'interval' ? { id: 'utf8' } : type;
}
