{% macro last_day(date, datepart) -%}
  {{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }}
{%- endmacro %}

{% macro default__last_day(date, datepart) -%}
    {{ dbt.default_last_day(date, datepart) }}
{%- endmacro %}

{# The day before the start of the next period. #}
{% macro default_last_day(date, datepart) -%}
    {%- set start = dbt.date_trunc(datepart, date) -%}
    {%- set next = dbt.dateadd(datepart, '1', start) -%}
    cast(
        {{ dbt.dateadd('day', '-1', next) }}
        as date)
{%- endmacro %}
