{# An interval times a number, in a unit the database has: quarters as months, weeks as days. #}
{% macro duckdb__dateadd(datepart, interval, from_date_or_timestamp) %}
    {%- set steps = 'cast(' ~ interval ~ ' as bigint)' -%}
    {%- set unit = datepart | lower -%}
    {%- if datepart | lower == 'quarter' -%}
      {%- set steps = '(' ~ steps ~ ' * 3)' -%}
      {%- set unit = 'month' -%}
    {%- elif datepart | lower == 'week' -%}
      {%- set steps = '(' ~ steps ~ ' * 7)' -%}
      {%- set unit = 'day' -%}
    {%- endif %}

    ({{ from_date_or_timestamp }} + {{ steps }} * interval 1 {{ unit }})
{%- endmacro %}
