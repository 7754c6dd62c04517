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
  create or replace function {{ target_relation.render() }} ({{ formatted_scalar_function_args_sql() }})
  returns {{ model.returns.data_type }}
  {{ scalar_function_volatility_sql() }}
  as
{%- endmacro %}

{% macro formatted_scalar_function_args_sql() -%}
  {{ adapter.dispatch('formatted_scalar_function_args_sql', 'dbt')() }}
{%- endmacro %}

{% macro default__formatted_scalar_function_args_sql() -%}
  {%- for one in model.arguments -%}
    {{ one.name }} {{ one.data_type }}{{ ', ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{% macro scalar_function_body_sql() -%}
  {{ adapter.dispatch('scalar_function_body_sql', 'dbt')() }}
{%- endmacro %}

{% macro default__scalar_function_body_sql() -%}
  $$ {{ model.compiled_code }} $$ language sql
{%- endmacro %}

{% macro formatted_scalar_function_args_javascript() -%}
  {{ adapter.dispatch('formatted_scalar_function_args_javascript', 'dbt')() }}
{%- endmacro %}

{% macro default__formatted_scalar_function_args_javascript() -%}
  {%- do exceptions.raise_compiler_error('functions in JavaScript cannot be made with the adapter ' ~ adapter.type()) -%}
{%- endmacro %}

{% macro scalar_function_volatility_sql() -%}
  {{ adapter.dispatch('scalar_function_volatility_sql', 'dbt')() }}
{%- endmacro %}

{% macro default__scalar_function_volatility_sql() -%}
  {%- set words = {'deterministic': 'IMMUTABLE', 'stable': 'STABLE', 'non-deterministic': 'VOLATILE'} -%}
  {%- set wanted = model.config.get('volatility') -%}
  {%- if wanted in words -%}
    {{ words[wanted] }}
  {%- elif wanted is not none -%}
    {%- do unsupported_volatility_warning(wanted) -%}
  {%- endif -%}
{%- endmacro %}

{% macro scalar_function_volatility_javascript() -%}
  {{ adapter.dispatch('scalar_function_volatility_javascript', 'dbt')() }}
{%- endmacro %}

{% macro default__scalar_function_volatility_javascript() -%}
  {%- if model.config.get('volatility') is not none -%}
    {%- do exceptions.warn('the volatility of ' ~ model.name ~ ' is left out: ' ~ adapter.type() ~ ' has none for JavaScript') -%}
  {%- endif -%}
{%- endmacro %}

{% macro unsupported_volatility_warning(volatility) -%}
  {{ adapter.dispatch('unsupported_volatility_warning', 'dbt')(volatility) }}
{%- endmacro %}

{% macro default__unsupported_volatility_warning(volatility) -%}
  {%- do exceptions.warn('the volatility `' ~ volatility ~ '` of ' ~ model.name ~ ' is left out: ' ~ adapter.type() ~ ' does not know it') -%}
{%- endmacro %}
