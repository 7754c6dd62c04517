import type { ArrowSchema, ArrowType } from '../../arrow/index.ts';

/** What the suite's clients send and expect. */
export const plan = { text: 'plan', version: 'version' };
export const selectStatement = 'SELECT STATEMENT';
export const updateStatement = 'UPDATE STATEMENT';
export const transactionId = 'transaction_id';
export const savepoint = { id: 'savepoint_id', name: 'savepoint_name' };

export const updatedRows = { plain: 10_000, inTransaction: 15_000 };
export const preparedUpdatedRows = { plain: 20_000, inTransaction: 25_000 };

const metadata = new Map(
  Object.entries({
    TABLE_NAME: 'test',
    IS_AUTO_INCREMENT: '1',
    IS_CASE_SENSITIVE: '0',
    TYPE_NAME: 'type_test',
    SCHEMA_NAME: 'schema_test',
    IS_SEARCHABLE: '1',
    CATALOG_NAME: 'catalog_test',
    PRECISION: '100',
    REMARKS: 'test column',
  }).map(([key, value]) => [`ARROW:FLIGHT:SQL:${key}`, value]),
);
const column = (name: string, type: ArrowType): ArrowSchema => ({
  fields: [{ name, type, nullable: true, children: [], metadata }],
});
export const querySchema = column('id', { id: 'int', bitWidth: 64, signed: true });
export const transactionSchema = column('pkey', { id: 'int', bitWidth: 32, signed: true });
