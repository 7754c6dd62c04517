{# With the behaviour flag two nulls are the same value. #}
{% macro equals(expr1, expr2) -%}
  {{ return(adapter.dispatch('equals', 'dbt')(expr1, expr2)) }}
{%- endmacro %}

{% macro default__equals(expr1, expr2) -%}
  {%- set nulls_are_equal = adapter.behavior.enable_truthy_nulls_equals_macro.no_warn -%}
  ({{ expr1 }} {{ 'is not distinct from' if nulls_are_equal else '=' }} {{ expr2 }})
{% endmacro %}
