{% macro get_powers_of_two(upper_bound) -%}
  {{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }}
{%- endmacro %}

{# How many binary digits it takes to count up to the bound. #}
{% macro default__get_powers_of_two(upper_bound) -%}
  {%- if upper_bound <= 0 -%}
    {%- do exceptions.raise_compiler_error('upper bound must be positive') -%}
  {%- endif -%}
  {%- for digits in range(1, 101) if upper_bound <= 2 ** digits -%}
    {{ return(digits) }}
  {%- endfor -%}
{%- endmacro %}

{% macro generate_series(upper_bound) -%}
  {{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}
{%- endmacro %}

{# The numbers from one to the bound: each from the one before it. #}
{% macro default__generate_series(upper_bound) %}
    with recursive counted (generated_number) as (
        select 1
        union all
        select generated_number + 1 from counted where generated_number < {{ upper_bound }}
    )

    select generated_number from counted
{% endmacro %}
