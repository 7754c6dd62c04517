{% macro get_aggregate_function_create_replace_signature(target_relation) -%}
  {{ adapter.dispatch('get_aggregate_function_create_replace_signature', 'dbt')(target_relation) }}
{%- endmacro %}

{% macro default__get_aggregate_function_create_replace_signature(target_relation) -%}
  create or replace aggregate function {{ target_relation.render() }} ({{ get_formatted_aggregate_function_args() }})
  returns {{ model.returns.data_type }}
  {{ get_function_language_specifier() }}
  {{ get_aggregate_function_volatility_specifier() }}
  {%- if model.get('language') == 'python' %}
  {{ get_function_python_options() }}
  {%- endif %}
  as
{%- endmacro %}

{% macro get_formatted_aggregate_function_args() -%}
  {{ adapter.dispatch('get_formatted_aggregate_function_args', 'dbt')() }}
{%- endmacro %}

{# Arguments of an aggregate are written as those of a scalar function. #}
{% macro default__get_formatted_aggregate_function_args() -%}
  {{ formatted_scalar_function_args_sql() }}
{%- endmacro %}

{% macro get_function_language_specifier() -%}
  {{ adapter.dispatch('get_function_language_specifier', 'dbt')() }}
{%- endmacro %}

{# SQL goes without saying. #}
{% macro default__get_function_language_specifier() -%}
  {%- set names = {'python': 'PYTHON', 'javascript': 'js'} -%}
  {%- set own = model.get('language') or 'sql' -%}
  {%- if own != 'sql' -%} LANGUAGE {{ names.get(own, own | upper) }} {%- endif -%}
{%- endmacro %}

{% macro get_aggregate_function_volatility_specifier() -%}
  {{ adapter.dispatch('get_aggregate_function_volatility_specifier', 'dbt')() }}
{%- endmacro %}

{% macro default__get_aggregate_function_volatility_specifier() -%}
  {{ scalar_function_volatility_sql() }}
{%- endmacro %}

{% macro get_function_python_options() -%}
  {{ adapter.dispatch('get_function_python_options', 'dbt')() }}
{%- endmacro %}

{% macro default__get_function_python_options() -%}
  {%- set wanted = model.config.get('packages') or [] -%}
  RUNTIME_VERSION = '{{ model.config.get('runtime_version') }}' HANDLER = '{{ model.config.get('entry_point') }}'
  {%- if wanted %} PACKAGES = ('{{ "','".join(wanted) }}') {%- endif -%}
{%- endmacro %}
