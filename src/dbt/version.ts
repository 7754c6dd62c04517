/** The version of dbt whose behaviour and artifacts these are. */
export const dbtVersion = '1.12.6';
export const manifestSchema = 'https://schemas.getdbt.com/dbt/manifest/v12.json';
