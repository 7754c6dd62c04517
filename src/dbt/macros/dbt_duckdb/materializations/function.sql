{# DuckDB's functions are macros: an expression, which may aggregate, or a query. #}
{% macro duckdb__scalar_function_create_replace_signature_sql(target_relation) -%}
  create or replace macro {{ target_relation.render() }}({{ formatted_scalar_function_args_sql() }}) as
{%- endmacro %}

{% macro duckdb__formatted_scalar_function_args_sql() -%}
  {%- for one in model.arguments -%}
    {{ one.name }}{% if one.get('default_value') is not none %} := {{ one.default_value }}{% endif %}{{ ', ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{% macro duckdb__scalar_function_body_sql() -%}
  cast(({{ model.compiled_code }}) as {{ model.returns.data_type }})
{%- endmacro %}

{% macro duckdb__aggregate_function_sql(target_relation) -%}
  {{ scalar_function_sql(target_relation) }}
{%- endmacro %}

{% macro duckdb__table_function_sql(target_relation) -%}
  {{ scalar_function_create_replace_signature_sql(target_relation) }} table {{ model.compiled_code }}
{%- endmacro %}
