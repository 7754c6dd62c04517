{# The name a model has where the database shows what is running. #}
{% macro flight_name(parsed_model) -%}
  {{ return(adapter.dispatch('flight_name', 'dbt_duckdb')(parsed_model)) }}
{%- endmacro %}

{% macro default__flight_name(parsed_model) -%}
  {{ return(duckdb__flight_name(parsed_model)) }}
{%- endmacro %}

{% macro duckdb__flight_name(parsed_model) -%}
  {{ return(['dbt', project_name, parsed_model.database, parsed_model.schema, parsed_model.alias or parsed_model.name] | join('-')) }}
{%- endmacro %}
