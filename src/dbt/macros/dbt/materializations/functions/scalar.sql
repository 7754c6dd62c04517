{% macro scalar_function_sql(target_relation) -%}
  {{ adapter.dispatch('scalar_function_sql', 'dbt')(target_relation) }}
{%- endmacro %}

{% macro default__scalar_function_sql(target_relation) -%}
  {{ scalar_function_create_replace_signature_sql(target_relation) }}
  {{ scalar_function_body_sql() }}
{%- endmacro %}

{% macro scalar_function_create_replace_signature_sql(target_relation) -%}
  {{ adapter.dispatch('scalar_function_create_replace_signature_sql', 'dbt')(target_relation) }}
{%- endmacro %}

{% macro default__scalar_function_create_replace_signature_sql(target_relation) -%}
  create or replace macro {{ target_relation.render() }}({{ formatted_scalar_function_args_sql() }}) as
{%- endmacro %}

{% macro formatted_scalar_function_args_sql() -%}
  {{ adapter.dispatch('formatted_scalar_function_args_sql', 'dbt')() }}
{%- endmacro %}

{% macro default__formatted_scalar_function_args_sql() -%}
  {{ model.arguments | map(attribute='name') | join(', ') }}
{%- endmacro %}

{% macro scalar_function_body_sql() -%}
  {{ adapter.dispatch('scalar_function_body_sql', 'dbt')() }}
{%- endmacro %}

{% macro default__scalar_function_body_sql() -%}
  ({{ model.compiled_code }})
{%- endmacro %}
