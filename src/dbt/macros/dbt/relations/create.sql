{% macro get_create_sql(relation, sql) -%}
  {{ return(adapter.dispatch('get_create_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_sql(relation, sql) -%}
  {%- set makers = {'view': get_create_view_as_sql, 'materialized_view': get_create_materialized_view_as_sql} -%}
  {%- set type = relation.type | string -%}
  {%- if type == 'table' -%}
    {{ return(get_create_table_as_sql(False, relation, sql)) }}
  {%- elif type not in makers -%}
    {%- do exceptions.raise_compiler_error('a relation of type ' ~ type ~ ' cannot be created: `get_create_sql` knows tables and views') -%}
  {%- endif -%}
  {{ return(makers[type](relation, sql)) }}
{%- endmacro %}
