{% macro get_create_intermediate_sql(relation, sql) -%}
  {{ return(adapter.dispatch('get_create_intermediate_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_intermediate_sql(relation, sql) -%}
  {%- set interim = make_intermediate_relation(relation) -%}
    {{ get_drop_sql(interim) }};

    {{ get_create_sql(interim, sql) }}
{%- endmacro %}
