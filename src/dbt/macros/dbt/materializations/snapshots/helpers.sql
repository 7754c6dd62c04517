{% macro create_columns(relation, columns) -%}
  {{ adapter.dispatch('create_columns', 'dbt')(relation, columns) }}
{%- endmacro %}

{% macro default__create_columns(relation, columns) -%}
  {%- for column in columns -%}
    {%- call statement() -%}
      alter table {{ relation.render() }} add column {{ adapter.quote(column.name) }} {{ column.expanded_data_type }}
    {%- endcall -%}
  {%- endfor -%}
{%- endmacro %}

{% macro post_snapshot(staging_relation) -%}
  {{ adapter.dispatch('post_snapshot', 'dbt')(staging_relation) }}
{%- endmacro %}

{% macro default__post_snapshot(staging_relation) -%}
{%- endmacro %}

{% macro get_true_sql() -%}
  {{ adapter.dispatch('get_true_sql', 'dbt')() }}
{%- endmacro %}

{% macro default__get_true_sql() -%}
  {%- do return('TRUE') -%}
{%- endmacro %}

{% macro get_snapshot_table_column_names() -%}
  {%- set names = {} -%}
  {%- for name in ['dbt_valid_to', 'dbt_valid_from', 'dbt_scd_id', 'dbt_updated_at', 'dbt_is_deleted'] -%}
    {%- do names.update({name: name}) -%}
  {%- endfor -%}
  {%- do return(names) -%}
{%- endmacro %}

{% macro snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {{ adapter.dispatch('snapshot_staging_table', 'dbt')(strategy, source_sql, target_relation) }}
{%- endmacro %}

{# What changed since the last snapshot, a row a change: `dbt_change_type` is insert, update or delete.
   The strategy's `row_changed` compares `source_data` with `snapshotted_data`. Branches are joined by column name. #}
{% macro default__snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {%- set c = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  {%- set open_end = config.get('dbt_valid_to_current') -%}
  {%- set keeps_deleted = strategy.hard_deletes == 'new_record' -%}
  {%- set sees_deletes = keeps_deleted or strategy.hard_deletes == 'invalidate' -%}
  {%- set now = snapshot_get_time() | trim -%}
  {%- set is_deleted = 'snapshotted_data.' ~ c.dbt_is_deleted ~ " = 'True'" -%}
  {%- set changed = '(' ~ strategy.row_changed ~ (' or ' ~ is_deleted if keeps_deleted else '') ~ ')' -%}
  {%- set same_key = unique_key_join_on(strategy.unique_key, 'snapshotted_data', 'source_data') -%}
with snapshot_query as (
{{ source_sql }}
),
snapshotted_data as (
  select *, {{ unique_key_fields(strategy.unique_key) }}
  from {{ target_relation }}
  where {{ c.dbt_valid_to }} is null{{ ' or ' ~ (equals(c.dbt_valid_to | trim, open_end | trim) | trim) if open_end }}
),
source_data as (
  select *, {{ unique_key_fields(strategy.unique_key) }},
    {{ strategy.updated_at }} as {{ c.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ c.dbt_valid_from }},
    {{ get_dbt_valid_to_current(strategy, c) }},
    {{ strategy.scd_id }} as {{ c.dbt_scd_id }}
  from snapshot_query
),
insertions as (
  select 'insert' as dbt_change_type, source_data.*{{ ", 'False' as " ~ c.dbt_is_deleted if keeps_deleted }}
  from source_data
  left join snapshotted_data on {{ same_key }}
  where {{ unique_key_is_null(strategy.unique_key, 'snapshotted_data') }}
    or ({{ unique_key_is_not_null(strategy.unique_key, 'snapshotted_data') }} and {{ changed }})
),
updates as (
  select 'update' as dbt_change_type,
    source_data.* replace (source_data.{{ c.dbt_updated_at }} as {{ c.dbt_valid_to }}, snapshotted_data.{{ c.dbt_scd_id }} as {{ c.dbt_scd_id }})
    {{- ', snapshotted_data.' ~ c.dbt_is_deleted if keeps_deleted }}
  from source_data
  join snapshotted_data on {{ same_key }}
  where {{ changed }}
)
{%- if sees_deletes %},
gone as (
  select snapshotted_data.*
  from snapshotted_data
  left join source_data on {{ same_key }}
  where {{ unique_key_is_null(strategy.unique_key, 'source_data') }}
    {{- ' and not coalesce(' ~ is_deleted ~ ', false)' if keeps_deleted }}
),
deletes as (
  select 'delete' as dbt_change_type, {{ c.dbt_scd_id }},
    {{ now }} as {{ c.dbt_valid_from }}, {{ now }} as {{ c.dbt_updated_at }}, {{ now }} as {{ c.dbt_valid_to }}
    {{- ', ' ~ c.dbt_is_deleted if keeps_deleted }}
  from gone
)
{%- endif -%}
{%- if keeps_deleted -%}
{%- set known = adapter.get_columns_in_relation(target_relation) | map(attribute='name') | list -%}
,
deletion_records as (
  select 'insert' as dbt_change_type,
    {% for name in get_columns_in_query(source_sql) if name in known -%}
    {{ adapter.quote(name) }},
    {% endfor -%}
    {{ now }} as {{ c.dbt_valid_from }}, {{ now }} as {{ c.dbt_updated_at }}, {{ c.dbt_valid_to }},
    {{ snapshot_hash_arguments([c.dbt_scd_id, now]) }} as {{ c.dbt_scd_id }}, 'True' as {{ c.dbt_is_deleted }}
  from gone
)
{%- endif %}
select * from insertions
union all by name select * from updates
{%- if sees_deletes %}
union all by name select * from deletes
{%- endif -%}
{%- if keeps_deleted %}
union all by name select * from deletion_records
{%- endif -%}
{%- endmacro %}

{% macro build_snapshot_table(strategy, sql) -%}
  {{ adapter.dispatch('build_snapshot_table', 'dbt')(strategy, sql) }}
{%- endmacro %}

{% macro default__build_snapshot_table(strategy, sql) -%}
  {%- set c = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  select *,
    {{ strategy.scd_id }} as {{ c.dbt_scd_id }},
    {{ strategy.updated_at }} as {{ c.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ c.dbt_valid_from }},
    {{ get_dbt_valid_to_current(strategy, c) }}
    {{- ", 'False' as " ~ c.dbt_is_deleted if strategy.hard_deletes == 'new_record' }}
  from (
    {{ sql }}
  ) sbq
{%- endmacro %}

{% macro build_snapshot_staging_table(strategy, sql, target_relation) -%}
  {%- set staging = make_temp_relation(target_relation) -%}
  {%- call statement('build_snapshot_staging_relation') -%}
    {{ create_table_as(True, staging, snapshot_staging_table(strategy, sql, target_relation)) }}
  {%- endcall -%}
  {%- do return(staging) -%}
{%- endmacro %}

{% macro get_updated_at_column_data_type(snapshot_sql) -%}
  {%- for column in get_column_schema_from_query(snapshot_sql) if column.column | lower == 'dbt_updated_at' -%}
    {%- do return(column.dtype) -%}
  {%- endfor -%}
  {%- do return(none) -%}
{%- endmacro %}

{% macro check_time_data_types(sql) -%}
  {%- set found = get_updated_at_column_data_type(sql) -%}
  {%- set expected = get_snapshot_get_time_data_type() -%}
  {%- if found is not none and expected is not none and found != expected -%}
    {%- do exceptions.warn_snapshot_timestamp_data_types(expected, found) -%}
  {%- endif -%}
{%- endmacro %}

{# The end of a row that is current: a null of the right type, or the configured far future. #}
{% macro get_dbt_valid_to_current(strategy, columns) -%}
  {%- set open_end = config.get('dbt_valid_to_current') or 'null' -%}
  coalesce(nullif({{ strategy.updated_at }}, {{ strategy.updated_at }}), {{ open_end }}) as {{ columns.dbt_valid_to }}
{%- endmacro %}

{% macro unique_key_fields(unique_key) -%}
  {%- if unique_key | is_list -%}
    {%- for key in unique_key -%}
      {{ key }} as dbt_unique_key_{{ loop.index }}{{ ', ' if not loop.last }}
    {%- endfor -%}
  {%- else -%}
    {{ unique_key }} as dbt_unique_key
  {%- endif -%}
{%- endmacro %}

{% macro unique_key_join_on(unique_key, identifier, from_identifier) -%}
  {%- if unique_key | is_list -%}
    {%- for key in unique_key -%}
      {%- set column = '.dbt_unique_key_' ~ loop.index -%}
      {{ equals(identifier ~ column, from_identifier ~ column) | trim }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
  {%- else -%}
    {{ identifier }}.dbt_unique_key = {{ from_identifier }}.dbt_unique_key
  {%- endif -%}
{%- endmacro %}

{% macro unique_key_is_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '_1' if unique_key | is_list }} is null
{%- endmacro %}

{% macro unique_key_is_not_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '_1' if unique_key | is_list }} is not null
{%- endmacro %}
