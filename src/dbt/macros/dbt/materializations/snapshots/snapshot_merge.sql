{% macro snapshot_merge_sql(target, source, insert_cols) -%}
  {{ adapter.dispatch('snapshot_merge_sql', 'dbt')(target, source, insert_cols) }}
{%- endmacro %}

{% macro default__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set c = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  {%- set open_end = config.get('dbt_valid_to_current') -%}
  merge into {{ target.render() }} as DBT_INTERNAL_DEST
  using {{ source }} as DBT_INTERNAL_SOURCE
  on DBT_INTERNAL_SOURCE.{{ c.dbt_scd_id }} = DBT_INTERNAL_DEST.{{ c.dbt_scd_id }}
  when matched
    and (DBT_INTERNAL_DEST.{{ c.dbt_valid_to }} is null{{ ' or DBT_INTERNAL_DEST.' ~ c.dbt_valid_to ~ ' = ' ~ open_end if open_end }})
    and DBT_INTERNAL_SOURCE.dbt_change_type in ('update', 'delete')
    then update set {{ c.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ c.dbt_valid_to }}
  when not matched and DBT_INTERNAL_SOURCE.dbt_change_type = 'insert'
    then insert ({{ insert_cols | join(', ') }}) values ({{ insert_cols | join(', ') }})
{%- endmacro %}
