{% macro duckdb__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set c = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  {%- set open_end = config.get('dbt_valid_to_current') -%}
  update {{ target }} as DBT_INTERNAL_TARGET
  set {{ c.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ c.dbt_valid_to }}
  from {{ source }} as DBT_INTERNAL_SOURCE
  where DBT_INTERNAL_SOURCE.{{ c.dbt_scd_id }} = DBT_INTERNAL_TARGET.{{ c.dbt_scd_id }}
    and DBT_INTERNAL_SOURCE.dbt_change_type in ('update', 'delete')
    and (DBT_INTERNAL_TARGET.{{ c.dbt_valid_to }} is null{{ ' or DBT_INTERNAL_TARGET.' ~ c.dbt_valid_to ~ ' = ' ~ open_end if open_end }});

  insert into {{ target }} ({{ insert_cols | join(', ') }})
  select {{ insert_cols | join(', ') }}
  from {{ source }}
  where dbt_change_type = 'insert'
{%- endmacro %}

{% macro build_snapshot_staging_table(strategy, sql, target_relation) -%}
  {%- set staged = duckdb__dispatch_temporary_relation(target_relation) -%}
  {%- call statement('build_snapshot_staging_relation') -%}
    {{ create_table_as(staged.temporary, staged.relation, snapshot_staging_table(strategy, sql, target_relation)) }}
  {%- endcall -%}
  {%- do return(staged.relation) -%}
{%- endmacro %}

{% macro duckdb__post_snapshot(temporary_relation) -%}
  {%- do return(drop_relation(temporary_relation)) -%}
{%- endmacro %}
