{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {{ return(adapter.dispatch('generate_alias_name', 'dbt')(custom_alias_name, node)) }}
{%- endmacro %}

{# The alias when there is one, else the name, with the version of a versioned model. #}
{% macro default__generate_alias_name(custom_alias_name=none, node=none) -%}
  {%- set version = '_v' ~ (node.version | string | replace('.', '_')) if node.version else '' -%}
  {{ custom_alias_name | trim if custom_alias_name else node.name ~ version }}
{%- endmacro %}
