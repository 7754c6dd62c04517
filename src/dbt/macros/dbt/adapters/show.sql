{# What `show` runs: the compiled text with a limit, and a header before it when there is one. #}
{% macro get_show_sql(compiled_code, sql_header, limit) -%}
  {{ '' if sql_header is none else sql_header }}
  {{ get_limit_subquery_sql(compiled_code, limit) }}
{% endmacro %}

{% macro get_limit_subquery_sql(sql, limit) -%}
  {{ return(adapter.dispatch('get_limit_sql', 'dbt')(sql, limit)) }}
{%- endmacro %}

{% macro default__get_limit_sql(sql, limit) %}
  {{ [sql, '' if limit is none else 'limit ' ~ limit] | join('\n  ') }}
{% endmacro %}
