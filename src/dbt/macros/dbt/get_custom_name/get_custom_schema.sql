{% macro generate_schema_name(custom_schema_name=none, node=none) -%}
  {{ return(adapter.dispatch('generate_schema_name', 'dbt')(custom_schema_name, node)) }}
{%- endmacro %}

{# A custom schema is put behind the target's, so that two developers never write to the same one. #}
{% macro default__generate_schema_name(custom_schema_name, node) -%}
  {{ target.schema if custom_schema_name is none else target.schema ~ '_' ~ (custom_schema_name | trim) }}
{%- endmacro %}

{# For projects that want the custom schema as it is in production, and one schema elsewhere. #}
{% macro generate_schema_name_for_env(custom_schema_name, node) -%}
  {%- set in_production = target.name == 'prod' and custom_schema_name is not none -%}
  {{ custom_schema_name | trim if in_production else target.schema }}
{%- endmacro %}
