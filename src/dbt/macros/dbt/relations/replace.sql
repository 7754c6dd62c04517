{# One relation in place of another: in one step where the database can, else by new names, else by dropping first. #}
{% macro get_replace_sql(existing_relation, target_relation, sql) -%}
  {{ return(adapter.dispatch('get_replace_sql', 'dbt')(existing_relation, target_relation, sql)) }}
{%- endmacro %}

{% macro default__get_replace_sql(existing_relation, target_relation, sql) -%}
  {%- set in_one_step = {'table': get_replace_table_sql, 'view': get_replace_view_sql, 'materialized_view': get_replace_materialized_view_sql} -%}
  {%- set type = target_relation.type | string -%}
  {%- if target_relation.can_be_replaced and type == existing_relation.type | string and type in in_one_step -%}
    {{ return(in_one_step[type](target_relation, sql)) }}
  {%- endif -%}
  {#- Otherwise: make way (by a backup name, or for good), put the new one in place, drop what was kept. -#}
  {%- set beside = target_relation.can_be_renamed -%}
  {%- set kept = existing_relation.can_be_renamed -%}
  {%- set steps = [get_create_intermediate_sql(target_relation, sql)] if beside else [] -%}
  {%- do steps.append(get_create_backup_sql(existing_relation) if kept else get_drop_sql(existing_relation)) -%}
  {%- do steps.append(get_rename_intermediate_sql(target_relation) if beside else get_create_sql(target_relation, sql)) -%}
  {%- if kept -%}
    {%- do steps.append(get_drop_backup_sql(existing_relation)) -%}
  {%- endif -%}
  {{ return(steps | join(';\n')) }}
{%- endmacro %}
