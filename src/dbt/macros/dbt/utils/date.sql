{% macro date(year, month, day) -%}
  {{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }}
{%- endmacro %}

{% macro default__date(year, month, day) -%}
  {%- set given = modules.datetime.date(year, month, day) -%}
  to_date('{{ given }}', 'YYYY-MM-DD')
{%- endmacro %}
